use std::process::ExitCode;

use tokio::runtime::Builder;

fn main() -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            payrail::cli::complain(format_args!("payrail-bench: no threads can be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(payrail_bench::command::main());
    // A statement that is still running must not delay the end: what it has not committed is undone.
    runtime.shutdown_background();
    code
}
