//! Whether the parts that are there are the file.

use std::collections::BTreeMap;

use keyway_blob::{InParts, Part};
use keyway_jsonapi::ApiError;
use serde_json::Value;

/// How many parts an error names.
const NAMED: usize = 10;

/// The parts that the file is made of, by number. Some stores keep what a part was before it was sent again; the
/// client's list then says which is meant.
///
/// # Errors
/// 422 for parts that are missing, of a wrong size, or not those that the client names; 400 for a list that names
/// a part twice, or one that there is not.
pub(super) fn choose(
    upload: &InParts,
    there: &[Part],
    named: Option<&[Value]>,
) -> Result<Vec<Part>, ApiError> {
    let tags = named.map(|named| tags(upload, named)).transpose()?;
    let of = |number: u32| there.iter().filter(move |part| part.number == number);
    let numbers = || 1..=upload.count();
    let missing = numbers().filter(|number| of(*number).next().is_none());
    refuse("UPLOAD_PARTS_MISSING", "the upload is not complete: missing", missing)?;
    let mut chosen = Vec::with_capacity(there.len());
    let (mut other, mut doubtful) = (Vec::new(), Vec::new());
    for number in numbers() {
        let tag = tags.as_ref().and_then(|tags| tags.get(&number).copied());
        let mut fitting = of(number).filter(|part| tag.is_none_or(|tag| tag == part.tag));
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(second)) if tag.is_none() => doubtful.push(second.number),
            (Some(part), _) => chosen.push(part.clone()),
            (None, _) => other.push(number),
        }
    }
    refuse("UPLOAD_PARTS_INVALID", "other bytes than named are there of", other.into_iter())?;
    let resent =
        "the store keeps what was sent before: name the etag of every part, since there is more than one of";
    refuse("UPLOAD_PARTS_INVALID", resent, doubtful.into_iter())?;
    let odd = chosen.iter().filter(|part| upload.part_len(part.number) != Some(part.size));
    let sizes = format!("parts are {} bytes but for the last: wrong is the size of", upload.part_size);
    refuse("UPLOAD_PARTS_INVALID", &sizes, odd.map(|part| part.number))?;
    Ok(chosen)
}

/// The tags in the client's list, which names every part once.
fn tags<'v>(upload: &InParts, named: &'v [Value]) -> Result<BTreeMap<u32, &'v str>, ApiError> {
    let mut tags = BTreeMap::new();
    for (index, value) in named.iter().enumerate() {
        let at = format!("/meta/parts/{index}/number");
        let read = read(value).filter(|(number, _)| (1..=upload.count()).contains(number));
        let Some((number, tag)) = read else {
            return Err(ApiError::schema(
                at,
                format!("must be between 1 and {} (inclusive)", upload.count()),
            ));
        };
        if tags.insert(number, tag).is_some() {
            return Err(ApiError::schema(at, format!("names part {number} twice")));
        }
    }
    let unnamed = (1..=upload.count()).filter(|number| !tags.contains_key(number));
    refuse("UPLOAD_PARTS_MISSING", "the list of parts is not complete: missing", unnamed)?;
    Ok(tags)
}

/// Number and tag of a part as the client names it; the tag may be in quotes, as it was answered.
fn read(value: &Value) -> Option<(u32, &str)> {
    let number = value.get("number")?.as_u64()?;
    Some((number.try_into().ok()?, value.get("etag")?.as_str()?.trim_matches('"')))
}

fn refuse(code: &'static str, what: &str, numbers: impl Iterator<Item = u32>) -> Result<(), ApiError> {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let named = numbers.get(..NAMED).unwrap_or(&numbers).join(", ");
    let noun = if numbers.len() == 1 { "part" } else { "parts" };
    match numbers.len() {
        0 => Ok(()),
        count if count > NAMED => {
            let detail = format!("{what} {noun} {named} and {} more", count - NAMED);
            Err(ApiError::unprocessable_coded(detail, code))
        }
        _ => Err(ApiError::unprocessable_coded(format!("{what} {noun} {named}"), code)),
    }
}

#[cfg(test)]
mod tests {
    use keyway_blob::BlobKey;
    use serde_json::json;

    use super::*;

    fn upload(count: u64) -> InParts {
        let key = BlobKey::random("0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap());
        InParts { key, id: String::new(), size: (count - 1) * 5 + 2, part_size: 5 }
    }

    fn parts(upload: &InParts, numbers: impl IntoIterator<Item = u32>) -> Vec<Part> {
        let part =
            |number| Part { number, size: upload.part_len(number).unwrap(), tag: format!("t{number}") };
        numbers.into_iter().map(part).collect()
    }

    fn said(there: &[Part], upload: &InParts, named: Option<Value>) -> String {
        let named = named.as_ref().and_then(Value::as_array).map(Vec::as_slice);
        choose(upload, there, named).map_or_else(
            |error| error.detail().to_owned(),
            |chosen| chosen.iter().map(|part| part.tag.as_str()).collect::<Vec<_>>().join(" "),
        )
    }

    #[test]
    fn all_parts_of_the_right_size_are_fine() {
        let upload = upload(3);
        let there = parts(&upload, 1..=3);
        assert_eq!(said(&there, &upload, None), "t1 t2 t3");
        let named = json!([{"number": 2, "etag": "t2"}, {"number": 1, "etag": "\"t1\""}, {"number": 3, "etag": "t3"}]);
        assert_eq!(said(&there, &upload, Some(named)), "t1 t2 t3");
    }

    #[test]
    fn of_a_part_that_was_sent_twice_the_named_one_counts() {
        let upload = upload(2);
        let mut there = parts(&upload, 1..=2);
        there.insert(0, Part { number: 1, size: 5, tag: "new".to_owned() });
        assert!(said(&there, &upload, None).ends_with("since there is more than one of part 1"));
        let named = |tag: &str| json!([{"number": 1, "etag": tag}, {"number": 2, "etag": "t2"}]);
        assert_eq!(said(&there, &upload, Some(named("new"))), "new t2");
        assert_eq!(said(&there, &upload, Some(named("t1"))), "t1 t2");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let three = upload(3);
        let all = parts(&three, 1..=3);
        let tag = |number: u32, tag: &str| json!({ "number": number, "etag": tag });
        for (there, named, expected) in [
            (parts(&three, [2]), None, "missing parts 1, 3"),
            (parts(&three, [1, 2]), None, "missing part 3"),
            (
                all.clone(),
                Some(json!([tag(1, "t1"), tag(2, "t2")])),
                "list of parts is not complete: missing part 3",
            ),
            (
                all.clone(),
                Some(json!([tag(1, "t1"), tag(2, "x"), tag(3, "t3")])),
                "other bytes than named are there of part 2",
            ),
            (all.clone(), Some(json!([tag(1, "t1"), tag(1, "t1"), tag(3, "t3")])), "names part 1 twice"),
            (all.clone(), Some(json!([tag(4, "t4")])), "must be between 1 and 3"),
            (all.clone(), Some(json!([tag(0, "t0")])), "must be between 1 and 3"),
        ] {
            let said = said(&there, &three, named);
            assert!(said.contains(expected), "{said}");
        }
        let mut odd = all;
        odd.iter_mut().for_each(|part| part.size = 5);
        assert!(said(&odd, &three, None).ends_with("wrong is the size of part 3"));
        let many = upload(100);
        assert!(said(&[], &many, None).ends_with("parts 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more"));
    }
}
