//! The overview's part about the workers and the bank's latest answers.

use jiff::Timestamp;
use payrail_core::payout::AttemptOutcome;
use payrail_store::WorkerLine;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::timestamp;
use crate::worker::{ANSWERS_KEPT, RecentAnswer, SILENT_AFTER};

/// The workers that were seen in the last day, and the bank's answers to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workers {
    /// How many are running. Without any, no payout is sent.
    #[schema(minimum = 0)]
    running: usize,
    /// The last heartbeat of any worker; null if there was none in the last day.
    #[schema(required, format = DateTime)]
    last_seen_at: Option<String>,
    /// Ordered by their last heartbeat, the latest first.
    list: Vec<WorkerState>,
    /// The answers to all workers, newest first.
    recent_answers: Vec<RecentAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerState {
    name: String,
    /// The role of its process: `all` (with the API) or `worker`.
    role: String,
    /// `running`; `stopped` on request; `silent`: no heartbeat for 45 seconds.
    state: WorkerWord,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    seen_at: String,
    /// When it stopped on request.
    #[schema(required, format = DateTime)]
    stopped_at: Option<String>,
    /// When the bank last answered it, with or without a definite result.
    #[schema(required, format = DateTime)]
    last_answer_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkerWord {
    Running,
    Stopped,
    Silent,
}

impl Workers {
    pub fn new(lines: Vec<WorkerLine>, now: Timestamp) -> Self {
        let last_seen_at = lines.first().map(|line| timestamp(line.seen_at));
        let (list, answers): (Vec<_>, Vec<_>) = lines.into_iter().map(|line| WorkerState::new(line, now)).unzip();
        let mut recent_answers: Vec<_> = answers.into_iter().flatten().collect();
        recent_answers.sort_by(|a, b| b.at.cmp(&a.at));
        recent_answers.truncate(ANSWERS_KEPT);
        let running = list.iter().filter(|worker| worker.state == WorkerWord::Running).count();
        Self { running, last_seen_at, list, recent_answers }
    }
}

impl WorkerState {
    fn new(line: WorkerLine, now: Timestamp) -> (Self, Vec<RecentAnswer>) {
        let answers: Vec<RecentAnswer> = serde_json::from_str(&line.recent_answers).unwrap_or_default();
        let state = match line.stopped_at {
            Some(_) => WorkerWord::Stopped,
            None if now.duration_since(line.seen_at) < SILENT_AFTER => WorkerWord::Running,
            None => WorkerWord::Silent,
        };
        // An unreachable bank gave no answer. An interrupted call may have had one.
        let last_answer_at = answers
            .iter()
            .find(|answer| answer.answer.0 != AttemptOutcome::Unreachable)
            .map(|answer| answer.at.clone());
        let worker = Self {
            name: line.name,
            role: line.role,
            state,
            started_at: timestamp(line.started_at),
            seen_at: timestamp(line.seen_at),
            stopped_at: line.stopped_at.map(timestamp),
            last_answer_at,
        };
        (worker, answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn line(name: &str, seen: i64, stopped: Option<i64>) -> WorkerLine {
        WorkerLine {
            name: name.to_owned(),
            role: "worker".to_owned(),
            started_at: at(0),
            seen_at: at(seen),
            stopped_at: stopped.map(at),
            recent_answers: "nonsense".to_owned(),
        }
    }

    #[test]
    fn a_worker_runs_until_it_stops_or_falls_silent() {
        let words = |now| {
            let workers = Workers::new(vec![line("a", 100, None), line("b", 90, Some(90))], at(now));
            (workers.running, workers.list.iter().map(|worker| worker.state).collect::<Vec<_>>())
        };
        assert_eq!(words(144), (1, vec![WorkerWord::Running, WorkerWord::Stopped]));
        assert_eq!(words(145), (0, vec![WorkerWord::Silent, WorkerWord::Stopped]));
        // A worker whose clock runs ahead is running too.
        assert_eq!(words(10).0, 1);
        assert_eq!(Workers::new(Vec::new(), at(0)).last_seen_at, None);
    }
}
