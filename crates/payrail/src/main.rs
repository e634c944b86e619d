use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    payrail::cli::main().await
}
