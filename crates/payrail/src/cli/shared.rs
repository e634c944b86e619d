/// What every command may fail with.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The name of the command line in the audit log. Its users need no sign-in.
pub const COMMAND_LINE: &str = "command line";
