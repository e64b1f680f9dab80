use flumen_api::{ApiError, Condition, SessionsAtCommit, Watched};
use flumen_kernel::{ConnectionState, Host, Target};
use flumen_store::Confirm;

/// How a configuration is to be committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// It goes back by itself unless it is confirmed within so many minutes.
    pub(crate) confirm_minutes: Option<u32>,
    /// It goes back earlier when one of these fails.
    pub(crate) conditions: Vec<Condition>,
    /// What becomes of live sessions; none: as the configuration says.
    pub(crate) sessions: Option<SessionsAtCommit>,
}

impl Terms {
    /// How it is to be confirmed, as the store has it.
    ///
    /// # Errors
    /// For conditions of a commit that needs no confirmation, and for those that nobody can look at: they would protect
    /// from nothing. To ask for an answer may take a second.
    pub(crate) fn confirm(&self, host: &dyn Host) -> Result<Option<Confirm>, ApiError> {
        match self.confirm_minutes {
            None if self.conditions.is_empty() => Ok(None),
            None => {
                let reason = "conditions belong to a commit that is to be confirmed".to_owned();
                Err(ApiError::Impossible { reason })
            }
            Some(minutes) => {
                let conditions: Vec<_> = self.conditions.iter().map(condition).collect::<Result<_, _>>()?;
                can_be_looked_at(&conditions, host)?;
                Ok(Some(Confirm { minutes, conditions }))
            }
        }
    }
}

/// Asks everybody once, all at the same time.
fn can_be_looked_at(conditions: &[flumen_store::Condition], host: &dyn Host) -> Result<(), ApiError> {
    use flumen_store::Watched as Stored;
    let cannot = |reason: String| ApiError::Impossible {
        reason: format!("a condition cannot be looked at: {reason}"),
    };
    let mut targets = Vec::new();
    for condition in conditions {
        match condition.watched {
            Stored::Answers { address } => targets.push(Target::Ping(address)),
            Stored::Connects { to } => targets.push(Target::Tcp(to)),
            Stored::ManagementConnection { from, to } => match host.connection(from, to) {
                Ok(ConnectionState::Gone) => {
                    return Err(cannot(format!("there is no connection from {from} to {to}")));
                }
                Ok(_) => {}
                Err(error) => return Err(cannot(error.to_string())),
            },
            Stored::DropRate { .. } => {}
        }
    }
    std::thread::scope(|scope| {
        let looks: Vec<_> = targets.iter().map(|target| scope.spawn(|| host.reach(target))).collect();
        for look in looks {
            match look.join() {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(cannot(error.to_string())),
                Err(_) => return Err(cannot("the look ended in a panic".to_owned())),
            }
        }
        Ok(())
    })
}

fn condition(condition: &Condition) -> Result<flumen_store::Condition, ApiError> {
    use flumen_store::Watched as Stored;
    let watched = match condition.watched {
        Watched::Ping { address } => Stored::Answers { address },
        Watched::Tcp { to } => Stored::Connects { to },
        Watched::Connection { from, to } => Stored::ManagementConnection { from, to },
        Watched::Drops { max_pps } => Stored::DropRate { max_pps },
        other => {
            return Err(ApiError::Impossible { reason: format!("{other} cannot be watched here") });
        }
    };
    if condition.tolerance == 0 {
        let reason = format!("{}: at least one look must fail", condition.watched);
        return Err(ApiError::Impossible { reason });
    }
    Ok(flumen_store::Condition { watched, tolerance: condition.tolerance })
}
