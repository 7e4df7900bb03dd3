//! `Record`: the encoding of what is stored under a key. Bytes that do not decode are a miss.
//!
//! ```text
//! response     0x01  freshness (25)  flags (1)  status (2)  count (2)  { length (2) name  length (4) value }…  body
//! index        0x02  generation (16)  count (1)  { length (2) name }…
//! uncacheable  0x03  scope (1)
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::directives::Directives;
use super::freshness::{Freshness, Reuse};
use crate::clock::Millis;
use crate::entry::{Entry, Fingerprint, Token};

/// The version of this format; a change of it needs another number.
pub(super) const FINGERPRINT: Fingerprint = Fingerprint(0x6874_7470_0000_0001);

const RESPONSE: u8 = 1;
const INDEX: u8 = 2;
const UNCACHEABLE: u8 = 3;

/// The entity tag was computed by this layer, so the origin cannot validate it.
const OWN_ETAG: u8 = 1;

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The response to all requests with this key.
    Response(StoredResponse),
    /// The fields that responses vary by; each variant has its own key.
    Index(VaryIndex),
    /// A marker that responses are not storable (hit-for-miss in Varnish): requests are not collapsed.
    Uncacheable(Scope),
}

/// The requests that an uncacheable marker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    AllRequests,
    WithCredentials,
}

/// A stored response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredResponse {
    pub(super) freshness: Freshness,
    pub(super) own_etag: bool,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The fields that the responses of one primary key vary by.
///
/// The keys of the variants contain the generation. Evicting the index makes all variants unreachable, since the next
/// index has another generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VaryIndex {
    pub(super) generation: Token,
    pub(super) names: Vec<HeaderName>,
}

impl Record {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Record::Response(stored) => stored.encode(&mut out),
            Record::Index(index) => index.encode(&mut out),
            Record::Uncacheable(whose) => {
                out.put_u8(UNCACHEABLE);
                out.put_u8(u8::from(*whose == Scope::WithCredentials));
            }
        }
        out.freeze()
    }

    pub(super) fn decode(mut from: Bytes) -> Option<Self> {
        match from.try_get_u8().ok()? {
            RESPONSE => StoredResponse::decode(from).map(Record::Response),
            INDEX => VaryIndex::decode(from).map(Record::Index),
            UNCACHEABLE => match from.try_get_u8().ok()? {
                0 => Some(Record::Uncacheable(Scope::AllRequests)),
                1 => Some(Record::Uncacheable(Scope::WithCredentials)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl StoredResponse {
    fn encode(&self, out: &mut BytesMut) {
        let head: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 6).sum();
        out.reserve(head + self.body.len() + 64);
        out.put_u8(RESPONSE);
        self.freshness.encode(out);
        out.put_u8(if self.own_etag { OWN_ETAG } else { 0 });
        out.put_u16(self.status.as_u16());
        // HTTP servers limit the head to far less than these lengths can express.
        out.put_u16(u16::try_from(self.headers.len()).unwrap_or(u16::MAX));
        for (name, value) in self.headers.iter().take(usize::from(u16::MAX)) {
            put_name(out, name);
            out.put_u32(u32::try_from(value.len()).unwrap_or(0));
            out.put_slice(value.as_bytes());
        }
        out.put_slice(&self.body);
    }

    fn decode(mut from: Bytes) -> Option<Self> {
        let freshness = Freshness::decode(&mut from)?;
        let own_etag = from.try_get_u8().ok()? & OWN_ETAG != 0;
        let status = StatusCode::from_u16(from.try_get_u16().ok()?).ok()?;
        let count = usize::from(from.try_get_u16().ok()?);
        let mut headers = HeaderMap::with_capacity(count.min(64));
        for _ in 0..count {
            let name = take_name(&mut from)?;
            let length = usize::try_from(from.try_get_u32().ok()?).ok()?;
            let value = HeaderValue::from_maybe_shared(take(&mut from, length)?).ok()?;
            headers.try_append(name, value).ok()?;
        }
        Some(StoredResponse { freshness, own_etag, status, headers, body: from })
    }
}

impl VaryIndex {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(INDEX);
        out.put_slice(&self.generation.0);
        out.put_u8(u8::try_from(self.names.len()).unwrap_or(u8::MAX));
        self.names.iter().for_each(|name| put_name(out, name));
    }

    fn decode(mut from: Bytes) -> Option<Self> {
        let mut generation = [0; 16];
        from.try_copy_to_slice(&mut generation).ok()?;
        let count = from.try_get_u8().ok()?;
        let names = (0..count).map(|_| take_name(&mut from)).collect::<Option<_>>()?;
        Some(VaryIndex { generation: Token(generation), names })
    }
}

/// Whether an entry past its ttl may be served while another request validates it.
pub(super) fn serves_stale(entry: &Entry, now: Millis) -> bool {
    let mut payload = entry.payload.as_ref();
    let freshness = (payload.try_get_u8() == Ok(RESPONSE)).then(|| Freshness::decode(&mut payload)).flatten();
    freshness.is_some_and(|freshness| {
        freshness.reuse(&Directives::default(), now) == Reuse::AllowedWhileRevalidating
    })
}

fn put_name(out: &mut BytesMut, name: &HeaderName) {
    out.put_u16(u16::try_from(name.as_str().len()).unwrap_or(0));
    out.put_slice(name.as_str().as_bytes());
}

fn take_name(from: &mut Bytes) -> Option<HeaderName> {
    let length = usize::from(from.try_get_u16().ok()?);
    HeaderName::from_bytes(&take(from, length)?).ok()
}

fn take(from: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= from.len()).then(|| from.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored() -> StoredResponse {
        let mut headers = HeaderMap::new();
        headers.append("content-type", HeaderValue::from_static("text/plain"));
        headers.append("link", HeaderValue::from_static("<a>"));
        headers.append("link", HeaderValue::from_bytes(b"<\xfc>").unwrap());
        headers.append("x-empty", HeaderValue::from_static(""));
        let freshness = Freshness {
            received: 1_700_000_000_000,
            initial_age: 7,
            lifetime: 60,
            while_revalidate: 5,
            if_error: 6,
            shared_with_credentials: true,
            must_revalidate: false,
            no_cache: true,
        };
        let body = Bytes::from_static(b"body\0\xff");
        StoredResponse { freshness, own_etag: true, status: StatusCode::NOT_FOUND, headers, body }
    }

    #[test]
    fn records_come_back_as_they_were() {
        let names = vec![http::header::ACCEPT_ENCODING, HeaderName::from_static("x-tenant")];
        for record in [
            Record::Response(stored()),
            Record::Index(VaryIndex { generation: Token([7; 16]), names }),
            Record::Uncacheable(Scope::AllRequests),
            Record::Uncacheable(Scope::WithCredentials),
        ] {
            assert_eq!(Record::decode(record.encode()), Some(record));
        }
    }

    #[test]
    fn a_record_cut_anywhere_in_its_head_is_none() {
        let whole = Record::Response(stored()).encode();
        for length in 0..whole.len() - 6 {
            assert_eq!(Record::decode(whole.slice(..length)), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, kind in 0_u8..5) {
            let mut record = vec![kind];
            record.extend(bytes);
            let _ = Record::decode(record.into());
        }
    }
}
