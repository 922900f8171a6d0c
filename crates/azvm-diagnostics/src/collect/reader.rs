//! Reads files, each in a thread of its own and within its own time.

use crate::known::{Known, Unknown};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// The time for reading one fact. A file of the kernel takes far less than a millisecond; a file system whose server is
/// gone takes for ever.
const READER_TIMEOUT: Duration = Duration::from_secs(1);

/// No file is longer than this that is read whole: a table of sockets has 150 bytes a line.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A reader under way in a thread of its own, which nobody waits for longer than its time: a thread that hangs in the
/// kernel cannot be stopped, and must not keep the program from ending either.
pub(super) struct Reader<T> {
    answer: oneshot::Receiver<Known<T>>,
    deadline: Instant,
}

impl<T: Send + 'static> Reader<T> {
    pub(super) fn start(
        root: &Path,
        read: impl FnOnce(&Path) -> Known<T> + Send + 'static,
    ) -> Self {
        let (tell, answer) = oneshot::channel();
        let root = PathBuf::from(root);
        let work = move || drop(tell.send(read(&root)));
        // Without a thread the sender is dropped, as after a panic.
        drop(
            std::thread::Builder::new()
                .name("reader".into())
                .spawn(work),
        );
        Self {
            answer,
            deadline: Instant::now() + READER_TIMEOUT,
        }
    }

    pub(super) async fn end(self) -> Known<T> {
        match timeout_at(self.deadline, self.answer).await {
            Ok(Ok(fact)) => fact,
            Ok(Err(_)) => Err(Unknown::Crashed),
            Err(_) => Err(Unknown::TimedOut),
        }
    }
}

pub(super) fn unknown(error: &std::io::Error) -> Unknown {
    match error.kind() {
        ErrorKind::NotFound => Unknown::Absent,
        ErrorKind::PermissionDenied => Unknown::Denied,
        _ => Unknown::Failed(error.raw_os_error().unwrap_or_default()),
    }
}

/// The file as a text; longer ones are unreadable rather than cut.
pub(super) fn text(root: &Path, file: &str) -> Known<String> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(root.join(file))
        .and_then(|it| it.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error| unknown(&error))?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(Unknown::Unreadable);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
