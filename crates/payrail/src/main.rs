use std::process::ExitCode;

/// A request makes and drops some hundred small things; this takes half the time that the system's allocator does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    payrail::cli::main().await
}
