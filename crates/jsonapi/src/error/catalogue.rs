//! The refusals that any request can meet, whatever it asks for.

use super::ApiError;

impl ApiError {
    /// One of each: what the API's description shows as examples.
    pub fn catalogue() -> Vec<Self> {
        vec![
            Self::json_invalid(),
            Self::encoding_invalid(),
            Self::mime_type_invalid(),
            Self::parameters_invalid(),
            Self::uri_invalid(),
            Self::http_method_invalid(),
            Self::api_version_invalid(),
            Self::environment_invalid(true),
            Self::daily_limit_reached(),
            Self::unknown_endpoint(),
            Self::taken_meanwhile(),
            Self::too_many_requests(30),
            Self::unavailable(),
            Self::insufficient_storage(),
        ]
    }
}
