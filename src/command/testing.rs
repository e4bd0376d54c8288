//! Runs data commands against a fresh keyspace, for tests that read as transcripts.

use super::{Args, Command, Ctx, DataConfig, Error, Outcome, Run, Table, locks};
use crate::resp::{Protocol, Reply, RequestLimits, RequestParser};
use crate::store::{Keyspace, Tx};

/// A keyspace, a selected database and a clock that stands still until told.
pub struct Session {
    /// All keys.
    pub keyspace: Keyspace,
    /// Selected database.
    pub database: usize,
    /// Unix time in ms.
    pub now_ms: i64,
    /// Settings.
    pub config: DataConfig,
    /// RESP2 unless set.
    pub protocol: Protocol,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            keyspace: Keyspace::new(16),
            database: 0,
            now_ms: 1_700_000_000_000,
            config: DataConfig::default(),
            protocol: Protocol::Resp2,
        }
    }
}

impl Session {
    /// Runs a line (quoting as in `redis-cli`) and returns the reply's bytes as text, `\r\n` shown as a space,
    /// without the last one: `"$1 a"`, `":1"`, `"-ERR syntax error"`.
    pub fn run(&mut self, line: &str) -> String {
        let reply = String::from_utf8_lossy(&self.run_bytes(line.as_bytes())).replace("\r\n", " ");
        reply.trim_end_matches(' ').to_owned()
    }

    /// Runs an inline command or a RESP request and returns the reply's bytes.
    pub fn run_bytes(&mut self, request: &[u8]) -> Vec<u8> {
        let mut buffer = request.to_vec();
        if !buffer.ends_with(b"\n") {
            buffer.extend(b"\r\n");
        }
        let limits = RequestLimits { bulk_bytes_max: 512 << 20, unauthenticated: false };
        let mut parser = RequestParser::default();
        parser.parse(&mut buffer, limits, 1).expect("a test's request parses");
        let args = Args::new(&buffer, parser.args_of(&parser.requests()[0]));
        let command = Table::get().lookup(args.at(0), args.get(1)).expect("a test runs known commands");
        let mut out = Vec::new();
        if let Err(error) = self.run_command(command, args, &mut out) {
            out.clear();
            Reply::new(&mut out, self.protocol).error(&error.to_string());
        }
        out
    }

    fn run_command(&mut self, command: &Command, args: Args<'_>, out: &mut Vec<u8>) -> Outcome {
        let Run::Data(handler) = command.run() else { panic!("{} is no data command", command.name) };
        if !command.takes(args.len()) {
            return Err(Error::WrongArity(command.name.to_string()));
        }
        let plan = locks::plan(command, args, self.database, 16, self.config.cluster_enabled)?;
        let mut tx = Tx::new(&self.keyspace, self.database, self.now_ms, plan.locks());
        tx.set_access_policy(self.config.access);
        handler(&mut Ctx::new(tx, Reply::new(out, self.protocol), &self.config), args)
    }
}
