//! `POST /v1/_test/reset`: everything is as on the first day.

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::{ALL, Artifact};
use keyway_jsonapi::Declared;
use keyway_store::{Changes, retrying};

use crate::{StorageMode, Support, SupportError};

impl Support {
    /// Empties the tables, the job queue and the blob store, forgets secrets and lets time run.
    pub(crate) async fn reset(&self) -> Result<(), SupportError> {
        (self.parts().settle)().await;
        let artifacts = self.stored(Artifact::RESOURCE, None).await?;
        // the log has to name an account; whose does not matter
        let nobody = AccountId::from(RecordId::generate(Timestamp::from_micros(0)));
        retrying(|| async {
            let mut write = self.parts().db.begin().await?;
            write.erase(ALL).await?;
            write.commit(Changes::everything(nobody)).await
        })
        .await?;
        self.kept().clear();
        self.secrets().forget();
        self.planted().clear();
        self.parts().clock.set(None);
        (self.parts().set_storage)(StorageMode::Ok);
        for artifact in artifacts {
            if let Some(Ok(blob)) = artifact.get("blob_key").as_text().map(str::parse) {
                self.parts().blobs.delete(&blob).await?;
            }
        }
        Ok(())
    }
}
