//! The form of the reasons why a pass does not do something.

/// An enum of reasons with their texts.
macro_rules! reasons {
    ($(#[$doc:meta])* $visibility:vis $name:ident {
        $($variant:ident $({ $($field:ident: $type:ty),+ })? $(($inner:ty))?: $text:literal $(, $argument:expr)?;)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        $visibility enum $name {
            $(#[error($text $(, $argument)?)] $variant $({ $($field: $type),+ })? $(($inner))?,)+
        }
    };
}
pub(super) use reasons;
