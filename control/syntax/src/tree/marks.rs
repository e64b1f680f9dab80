/// What is said of a statement beside its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// `inactive:`: kept without effect.
    pub const INACTIVE: Marks = Marks(1);
    /// `protect:`: cannot be changed.
    pub const PROTECTED: Marks = Marks(2);
    /// `unsupported:`: accepted without support, on demand.
    pub const UNSUPPORTED: Marks = Marks(4);
    /// `active:` in a text that is loaded.
    pub const ACTIVATE: Marks = Marks(8);
    /// `unprotect:` in a text that is loaded.
    pub const UNPROTECT: Marks = Marks(16);
    /// `replace:` in a text that is loaded.
    pub const REPLACE: Marks = Marks(32);
    /// `delete:` in a text that is loaded.
    pub const DELETE: Marks = Marks(64);

    /// True when all of `other` are set.
    pub const fn has(self, other: Marks) -> bool {
        self.0 & other.0 == other.0
    }

    /// True without any.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Sets those of `other`.
    pub const fn add(&mut self, other: Marks) {
        self.0 |= other.0;
    }

    /// Clears those of `other`.
    pub const fn remove(&mut self, other: Marks) {
        self.0 &= !other.0;
    }

    /// Those that are part of a configuration, not only of a text that is loaded.
    #[must_use]
    pub const fn lasting(self) -> Marks {
        Marks(self.0 & (Self::INACTIVE.0 | Self::PROTECTED.0 | Self::UNSUPPORTED.0))
    }
}
