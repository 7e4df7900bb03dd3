//! Rosters of near caches on Redis.

use std::time::Duration;

use async_trait::async_trait;
use redis::Value;

use super::error::unexpected;
use super::{RedisBackend, reply, scripts};
use crate::backend::capability::Rosters;
use crate::clock::as_millis;
use crate::entry::Token;
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::near::{
    Announced, Announcement, Expulsion, Membership, Position, RenewRequest, Renewed, Standing,
};

/// A member of the script's reply: process, incarnation, and in six bytes each the number of its last renewal and its
/// lease.
const MEMBER_BYTES: usize = 44;

#[async_trait]
impl Rosters for RedisBackend {
    async fn renew_right(&self, roster: &StoredKey, request: &RenewRequest) -> Result<Renewed> {
        let mut call = scripts::ROSTER.call(roster.as_str());
        call.arg("renew").arg(&request.member.0[..]).arg(token_or_none(request.incarnation.as_ref()));
        call.arg(&request.fresh.0[..])
            .arg(as_millis(request.lease))
            .arg(token_or_none(request.settles.as_ref()));
        let [standing, epoch, number] = reply::list_of(self.pool.call(call).await?)?;
        let standing = match reply::text(standing)?.as_str() {
            "kept" => Standing::Kept,
            "new" => Standing::New,
            "refused" => Standing::Refused,
            _ => return Err(unexpected()),
        };
        Ok(Renewed { standing, position: position(epoch, number)? })
    }

    async fn announce(
        &self,
        roster: &StoredKey,
        announcement: &Announcement<'_>,
    ) -> Result<Option<Announced>> {
        let mut call = scripts::ROSTER.call(roster.as_str());
        call.arg("announce").arg(&announcement.fresh.0[..]).arg(announcement.message);
        call.arg(u8::from(announcement.expected));
        let answer = self.pool.call(call).await?;
        if answer == Value::Nil {
            return Ok(None);
        }
        let [epoch, number, settled, members] = reply::list_of(answer)?;
        let members = reply::list(members)?.iter().map(member).collect::<Option<_>>();
        Ok(Some(Announced {
            position: position(epoch, number)?,
            members: members.ok_or_else(unexpected)?,
            settled: reply::flag(settled)?,
        }))
    }

    async fn expel(&self, roster: &StoredKey, expulsion: &Expulsion) -> Result<()> {
        let mut call = scripts::ROSTER.call(roster.as_str());
        call.arg("expel").arg(&expulsion.announcement.epoch.0[..]).arg(expulsion.announcement.number);
        call.arg(u8::from(expulsion.settles));
        for incarnation in &expulsion.incarnations {
            call.arg(&incarnation.0[..]);
        }
        self.pool.call(call).await.map(drop)
    }
}

fn token_or_none(token: Option<&Token>) -> &[u8] {
    token.map_or(&[], |token| &token.0)
}

fn position(epoch: Value, number: Value) -> Result<Position> {
    let Value::BulkString(epoch) = reply::ok(epoch)? else { return Err(unexpected()) };
    let epoch = Token(epoch.try_into().map_err(|_| unexpected())?);
    let number = u64::try_from(reply::integer(number)?).map_err(|_| unexpected())?;
    Ok(Position { epoch, number })
}

fn member(listed: &Value) -> Option<Membership> {
    let Value::BulkString(bytes) = listed else { return None };
    let bytes: &[u8; MEMBER_BYTES] = bytes.as_slice().try_into().ok()?;
    let (member, rest) = bytes.split_first_chunk()?;
    let (incarnation, rest) = rest.split_first_chunk()?;
    let (renewed, lease) = rest.split_first_chunk()?;
    Some(Membership {
        member: Token(*member),
        incarnation: Token(*incarnation),
        lease: Duration::from_millis(number(*lease.first_chunk()?)),
        renewed: number(*renewed),
    })
}

fn number(bytes: [u8; 6]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
