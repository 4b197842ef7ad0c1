//! Keys made, stored, read back, and verified by an independent reader.

use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey};

use super::*;
use crate::fixture::{keys, verifies};

#[test]
fn every_signature_verifies_with_the_public_text_and_no_other_message() {
    for algorithm in SignatureAlgorithm::ALL {
        let signature = keys().sign(algorithm, b"message").unwrap();
        assert!(verifies(keys().stored(), algorithm, b"message", &signature), "{algorithm}");
        assert!(!verifies(keys().stored(), algorithm, b"massage", &signature), "{algorithm}");
        let mut broken = signature.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(!verifies(keys().stored(), algorithm, b"message", &broken), "{algorithm}");
    }
}

#[test]
fn signatures_have_the_sizes_clients_expect() {
    assert_eq!(keys().sign_ed25519(b"x").unwrap().len(), 64);
    assert_eq!(keys().sign_rsa_pkcs1(b"x").unwrap().len(), 256);
    assert_eq!(keys().sign_rsa_pss(b"x").unwrap().len(), 256);
    assert_eq!(keys().sign_ecdsa_p256(b"x").unwrap().first(), Some(&0x30), "a DER sequence");
}

#[test]
fn stored_keys_read_back_as_the_same_keys() {
    let again = AccountKeys::from_stored(keys().stored().clone()).unwrap();
    assert_eq!(again.stored(), keys().stored());
    assert_eq!(again.public_meta(), keys().public_meta());
    let signature = again.sign_ed25519(b"x").unwrap();
    assert_eq!(signature, keys().sign_ed25519(b"x").unwrap(), "Ed25519 is deterministic");
    for algorithm in SignatureAlgorithm::ALL {
        let signature = again.sign(algorithm, b"x").unwrap();
        assert!(verifies(keys().stored(), algorithm, b"x", &signature), "{algorithm}");
    }
}

/// RFC 8032 §7.1, TEST 1.
#[test]
fn ed25519_known_answer() {
    let stored = StoredAccountKeys {
        ed25519_private: Secret::new(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".to_owned(),
        ),
        ed25519_public: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".to_owned(),
        ..keys().stored().clone()
    };
    let signature = AccountKeys::from_stored(stored).unwrap().sign_ed25519(b"").unwrap();
    assert_eq!(
        hex::encode(signature),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555\
         fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    );
}

#[test]
fn halves_of_different_pairs_are_refused_by_name() {
    let good = keys().stored();
    let swapped_ed25519 = StoredAccountKeys { ed25519_public: "00".repeat(32), ..good.clone() };
    let swapped_ecdsa = StoredAccountKeys { ecdsa_public: good.rsa_public.clone(), ..good.clone() };
    let swapped_rsa = StoredAccountKeys { rsa_private: good.ecdsa_private.clone(), ..good.clone() };
    let no_secret = StoredAccountKeys { secret: Secret::new(String::new()), ..good.clone() };
    for (stored, expected) in [
        (swapped_ed25519, CryptoError::PublicKey(SignatureAlgorithm::Ed25519)),
        (swapped_ecdsa, CryptoError::PublicKey(SignatureAlgorithm::EcdsaP256)),
        (swapped_rsa, CryptoError::PrivateKey(SignatureAlgorithm::RsaSha256)),
        (no_secret, CryptoError::AccountSecret),
    ] {
        assert_eq!(AccountKeys::from_stored(stored).err(), Some(expected));
    }
}

#[test]
fn meta_is_base64_of_the_stored_texts_and_nothing_prints_a_secret() {
    let (meta, stored) = (keys().public_meta(), keys().stored());
    for (shown, text) in [
        (meta.ed25519, &stored.ed25519_public),
        (meta.rsa2048, &stored.rsa_public),
        (meta.ecdsa, &stored.ecdsa_public),
    ] {
        assert_eq!(STANDARD.decode(shown).unwrap(), text.as_bytes());
    }
    assert_eq!(stored.ed25519_public.len(), 64);
    assert!(stored.rsa_public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let printed = format!("{:?} {stored:?}", keys());
    assert!(!printed.contains(stored.ed25519_private.expose()) && !printed.contains("PRIVATE"), "{printed}");
}

/// The object identifiers `rsaEncryption` and `id-ecPublicKey` (RFC 3279 §2.3) open an SPKI, not a bare key.
#[test]
fn public_pems_hold_subject_public_key_infos() {
    for (text, identifier) in [
        (&keys().stored().rsa_public, "06092a864886f70d010101"),
        (&keys().stored().ecdsa_public, "06072a8648ce3d0201"),
    ] {
        let der = hex::encode(pem::decode(PUBLIC_LABEL, text).unwrap());
        assert!(der.find(identifier).is_some_and(|at| at <= 16), "{der}");
    }
}

/// At 2048 bits the largest salt is 256 - 32 - 2 = 222 bytes (RFC 8017 §9.1.1).
#[test]
fn the_pss_salt_is_the_largest_and_not_the_digests_length() {
    static WITH_222: RsaParameters =
        RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(222));
    let spki = pem::decode(PUBLIC_LABEL, &keys().stored().rsa_public).unwrap();
    let signature = keys().sign_rsa_pss(b"message").unwrap();
    let verified =
        |parameters| UnparsedPublicKey::new(parameters, &spki).verify(b"message", &signature).is_ok();
    assert!(verified(&WITH_222));
    assert!(!verified(&RSA_PSS_2048_8192_SHA256), "that one expects 32 bytes");
}
