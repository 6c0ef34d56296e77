import DumpDirectory
import Glibc
import Logging
import NIOCore
import Persistence
import Rules
import Threads

/// The reason why the gateway does not start. Each cause has an exit code and a sentence that says what to do.
struct StartFault: Error {
  let code: ExitCode
  /// The message, which is constant for each cause.
  let message: Logger.Message
  let metadata: Logger.Metadata

  init(_ code: ExitCode, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
    self.code = code
    self.message = message
    self.metadata = metadata
  }

  /// Logs the fault.
  func log(to logger: Logger) { logger.critical(message, metadata: metadata) }
}

extension StartFault {
  init(_ error: ThreadError) {
    self.init(
      .systemExhausted,
      "the system starts too few threads, so the gateway does not start: raise the limit of processes (pids_limit of the container, ulimit -u), or give it more memory",
      ["threads": .stringConvertible(ThreadReserve.count), "error": "\(error)"])
  }

  /// The dump directory can't be made ready.
  init(preparing error: DumpDirectoryError) {
    let (code, message): (ExitCode, Logger.Message) =
      switch error.code {
      case .outside:
        (
          .configuration,
          "MEM_DUMP_PATH is no valid path for dumps, so the gateway does not start: set it to a path such as generated/memory_dump.bin"
        )
      case .notADirectory:
        (
          .directoryNotWritable,
          "there can be no dump directory at MEM_DUMP_PATH, so the gateway does not start: a name on the way to it is no directory, or a link that leads nowhere. Move that aside, or set MEM_DUMP_PATH to another directory"
        )
      case .notFound, .taken:
        (
          .directoryNotWritable,
          "the dump directory can't be made, so the gateway does not start: set MEM_DUMP_PATH to a directory on a file system in which directories can be made"
        )
      case .notWritable:
        (
          .directoryNotWritable,
          "the dump directory can't be written, so the gateway does not start: give its user write access to the directory, or set MEM_DUMP_PATH to one that it may write"
        )
      case .readOnly:
        (
          .directoryNotWritable,
          "the volume of the dump directory is mounted read-only, so the gateway does not start: mount it for writing, or set MEM_DUMP_PATH to a directory on another one"
        )
      case .exhausted:
        (
          .systemExhausted,
          "the system has no descriptor or no memory left to open the dump directory, so the gateway does not start: raise its limits (nofile, memory)"
        )
      case .notReadable, .noSpace, .inputOutput, .leaseLost:
        (
          .dumpUnreadable,
          "the volume of the dump directory fails, so the gateway does not start: check its mount and its permissions"
        )
      }
    self.init(code, message, ["path": "\(error.path)", "error": "\(error)"])
  }

  /// The state can't be loaded, for a reason that does not concern a single dump.
  init(loading error: any Error) {
    switch error {
    case let error as ThreadError: self.init(error)
    case let error as DumpDirectoryError where error.code == .exhausted: self.init(preparing: error)
    default:
      self.init(
        .dumpUnreadable,
        "the dump directory can't be read, so the gateway does not start: check its permissions and the volume",
        ["path": "\((error as? DumpDirectoryError)?.path ?? "unknown")", "error": "\(error)"])
    }
  }

  /// The environment's accounts can't be added to the state.
  ///
  /// - Parameter dump: the dump that the state came from, or `nil` for a new state.
  init(accounts error: any Error, in dump: String?) {
    let reason = (error as? RuleViolation)?.reason ?? "\(error)"
    if let dump {
      self.init(
        .noDumpLoads,
        "the newest dump was loaded, but the accounts of the environment can't be put into its state, so the gateway does not start: set DOORMAN_ADMIN_EMAIL or SIDECAR_USERNAME to what no other user has",
        ["dump.path": "\(dump)", "error": "\(reason)"])
    } else {
      self.init(
        .configuration,
        "the accounts of the environment can't be made, so the gateway does not start: check DOORMAN_ADMIN_EMAIL and SIDECAR_USERNAME",
        ["error": "\(reason)"])
    }
  }

  /// The gateway can't listen on its address.
  init(listening error: any Error, host: String, port: Int) {
    let (code, message): (ExitCode, Logger.Message) =
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE?:
        (
          .cannotListen,
          "can't listen: another process has the port. Stop it, or set PORT to another one"
        )
      case EADDRNOTAVAIL?:
        (.cannotListen, "can't listen: this host does not have the address. Set HOST to one that it has, or to 0.0.0.0")
      case EACCES?, EPERM?:
        (.cannotListen, "can't listen: the gateway's user may not take the port. Set PORT to one from 1024")
      case EMFILE?, ENFILE?, ENOMEM?, ENOBUFS?:
        (
          .systemExhausted,
          "can't listen: the system has no descriptor or no memory left for the socket. Raise its limits (nofile, memory)"
        )
      default: (.cannotListen, "can't listen: set HOST and PORT to an address of this host that is free")
      }
    self.init(
      code, message, ["server.host": "\(host)", "server.port": .stringConvertible(port), "error": "\(error)"])
  }
}

extension StartFault {
  /// There are dumps, but none can be loaded.
  static func noneLoads(_ count: Int) -> StartFault {
    StartFault(
      .noDumpLoads,
      "none of the dumps can be loaded, so the gateway does not start: new, empty dumps would take precedence over them. Set the key that they were encrypted with as MEM_ENCRYPTION_KEY or in MEM_ENCRYPTION_KEYS_OLD; if the key is right, bring back a good file. Only to give up the state in these dumps, set MEM_ALLOW_EMPTY_START=true",
      ["dumps": .stringConvertible(count)])
  }

  static func tokens(_ reason: String) -> StartFault {
    StartFault(
      .configuration,
      "tokens can't be signed with the keys of the environment, so the gateway does not start: check JWT_KEYS and JWT_SECRET_KEY",
      ["error": "\(reason)"])
  }

  /// A dump that may be valid is newer than every dump that can be loaded, or the changes of a journal can't be made.
  init(blockedBy failure: Ladder.Failure) {
    guard !failure.isOfJournal else {
      self.init(blockedByJournal: failure)
      return
    }
    let (code, what, remedy): (ExitCode, String, String) =
      switch failure.fault {
      case .unreadable: (.dumpUnreadable, "can't be read", "Put its permissions or the volume right")
      case .noKey:
        (
          .noDumpLoads, "is opened by no key",
          "Set the key that it was encrypted with as MEM_ENCRYPTION_KEY or in MEM_ENCRYPTION_KEYS_OLD, or move the file away if it is damaged"
        )
      case .unloadable, .damaged, .bypassed:
        (
          .noDumpLoads, "can't be loaded by this program", "Start the version that wrote it, or move the file away"
        )
      }
    self.init(
      code,
      "a dump that may be the newest \(what), so the gateway does not start: dumps of an older state would take precedence over it. \(remedy), or set MEM_ALLOW_OLDER_START=true to start from the newest one below it",
      ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
  }

  private init(blockedByJournal failure: Ladder.Failure) {
    let (code, what, remedy): (ExitCode, String, String) =
      switch failure.fault {
      case .unreadable: (.dumpUnreadable, "can't be read", "Put its permissions or the volume right")
      case .noKey:
        (
          .noDumpLoads, "is opened by no key",
          "Set the key that it was encrypted with as MEM_ENCRYPTION_KEY or in MEM_ENCRYPTION_KEYS_OLD"
        )
      case .unloadable, .damaged, .bypassed:
        (
          .noDumpLoads, "is corrupt or behind a gap",
          "Keep it, and put a whole copy in its place, or bring back what is missing"
        )
      }
    self.init(
      code,
      "a journal \(what), so the gateway does not start: acknowledged changes may be in it. \(remedy), or set MEM_ALLOW_OLDER_START=true to start without the changes from there on",
      ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
  }
}
