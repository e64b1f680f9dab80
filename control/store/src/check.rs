use crate::commit::Source;
use crate::error::CommitError;
use crate::store::Store;
use crate::subject::{Origin, Subject};

impl Store {
    /// `commit check`: prepares the subject, lets `look` see what would be applied, and gives it up again.
    ///
    /// # Errors
    /// Why a commit would fail now.
    pub fn check<S: Subject, R>(
        &self,
        source: Source,
        subject: &mut S,
        look: impl FnOnce(&S::Prepared) -> R,
    ) -> Result<R, CommitError<S::Error>> {
        let wanted = self.wanted(source)?;
        let prepared = subject.prepare(&wanted.text, Origin::New).map_err(CommitError::Refused)?;
        let seen = look(&prepared);
        subject.revert(prepared);
        Ok(seen)
    }
}
