//! Parses the command line with clap, and improves two of its texts: an error names the environment variable if that
//! was wrong, and the general help lists the settings of `serve`.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use crate::settings::BadSetting;

/// Ends the process for help and for invalid flags. An invalid environment variable is an error that names it.
pub fn parse<T: CommandFactory + FromArgMatches>(arguments: Vec<OsString>) -> Result<T, BadSetting> {
    let mut command = T::command();
    let settings = settings_of_the_server(&command);
    command = command.after_long_help(settings);
    let parsed = command.try_get_matches_from_mut(arguments).and_then(|matches| T::from_arg_matches(&matches));
    parsed.map_err(|error| match from_environment(&error, &mut command) {
        Some(sentence) => BadSetting(sentence),
        None => error.exit(),
    })
}

/// Lists each setting with its default and the first line of its help.
fn settings_of_the_server(command: &Command) -> String {
    let mut text = "Settings of the server (`payrail serve --help` has more on each):\n".to_owned();
    let arguments = command.find_subcommand("serve").into_iter().flat_map(Command::get_arguments);
    for (name, argument) in arguments.filter_map(|argument| Some((variable(argument)?, argument))) {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        let (help, default) = help.split_once(" [default: ").unwrap_or((help, "]"));
        let default = match argument.get_default_values() {
            [default] if !argument.is_hide_default_value_set() => default.to_string_lossy(),
            _ => default.trim_end_matches(']').into(),
        };
        let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
        let _ = writeln!(text, "  {name}{default}\n{}", indented(help));
    }
    text.push_str("\nEvery option can be set by the environment variable beside it; a flag overrides it.");
    text
}

/// Wraps a text to lines of less than 80 characters.
fn indented(help: &str) -> String {
    let (mut text, mut length) = (String::new(), 80);
    for word in help.split(' ') {
        length += word.len() + 1;
        if length > 80 {
            text.push_str(if text.is_empty() { "         " } else { "\n         " });
            length = 9 + word.len() + 1;
        }
        let _ = write!(text, " {word}");
    }
    text
}

fn variable(argument: &Arg) -> Option<String> {
    argument.get_env().map(|name| name.to_string_lossy().into_owned())
}

/// A sentence about the environment variable with the invalid value, if there is one.
fn from_environment(error: &clap::Error, command: &mut Command) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::TooManyValues) {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    // Otherwise clap cannot show the arguments of subcommands that it did not parse.
    command.build();
    let name = variable(argument(command, flag)?)?;
    let value = std::env::var(&name).ok()?;
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(given)) if *given != value => return None,
        _ => {}
    }
    let why = match (error.source(), error.get(ContextKind::ValidValue)) {
        // clap's text for a boolean flag.
        (Some(why), _) if why.to_string() == "value was not a boolean" => ": it must be 1 or 0".to_owned(),
        (Some(why), _) => format!(": {why}"),
        (None, Some(ContextValue::Strings(words))) => format!(": it must be one of {}", words.join(", ")),
        _ => String::new(),
    };
    Some(format!("{name}: {value:?} is not valid{why}"))
}

/// The argument that clap shows like this, here or in a subcommand.
fn argument<'a>(command: &'a Command, shown: &str) -> Option<&'a Arg> {
    let mut here = command.get_arguments();
    here.find(|argument| argument.to_string() == shown)
        .or_else(|| command.get_subcommands().find_map(|sub| argument(sub, shown)))
}
