use std::process::ExitCode;

use tokio::runtime::Builder;

/// A request makes and drops some hundred small things; this takes half the time that the system's allocator does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            payrail::cli::complain(format_args!("payrail: no threads can be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(payrail::cli::main());
    // What is still blocked (a name server that does not answer, a prompt) must not hold up the end.
    runtime.shutdown_background();
    code
}
