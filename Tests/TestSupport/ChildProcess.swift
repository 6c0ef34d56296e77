package import Foundation
import Glibc
import Threads

/// A stream that a child process can have as its standard input, output or error.
package protocol ChildStream {}

extension FileHandle: ChildStream {}
extension Pipe: ChildStream {}

/// A program in a process of its own.
///
/// The names are those of Foundation's `Process`, which these tests can't use. It lists the descriptors of the process
/// that starts another one, and reads past the end of that list where there are more than about 1,300.
/// A child has its three streams and no other descriptor, no signal blocked, and none ignored.
///
/// Set the properties before `run`, on one thread. All that follows `run` may be called on any thread.
package final class ChildProcess: @unchecked Sendable {
  /// The ways to end.
  package enum TerminationReason: Sendable {
    case exit
    case uncaughtSignal
  }

  /// The program.
  package var executableURL: URL?
  /// The arguments, without the name of the program.
  package var arguments: [String] = []
  /// The environment, or `nil` for that of this process.
  package var environment: [String: String]?
  /// The working directory, or `nil` for that of this process.
  package var currentDirectoryURL: URL?
  /// The standard input, or `nil` for that of this process.
  package var standardInput: (any ChildStream)?
  /// The standard output, or `nil` for that of this process.
  package var standardOutput: (any ChildStream)?
  /// The standard error, or `nil` for that of this process.
  package var standardError: (any ChildStream)?

  // Swift's Glibc module has no functions that need _GNU_SOURCE. These are in glibc since 2.34 and 2.29.
  private static let closeFrom = function(
    "posix_spawn_file_actions_addclosefrom_np",
    as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
  private static let changeDirectory = function(
    "posix_spawn_file_actions_addchdir_np",
    as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32).self)

  private static func function<Function>(_ name: String, as type: Function.Type) -> Function {
    guard let symbol = dlsym(nil, name) else { fatalError("this C library has no \(name)") }
    return unsafeBitCast(symbol, to: type)
  }

  private struct Run {
    var identifier: pid_t = 0
    /// The status of wait(2) after the end.
    var status: Int32?
  }
  private let state = Lock(Run())

  /// A hundredth of a second lies between two of them.
  private static let triesWhileBusy = 1000

  /// A process that is not started yet.
  package init() {}

  /// Children that still ran when their owners were done with them. Their ends are taken note of at the next start, so
  /// that they do not stay as zombies.
  private static let orphans = Lock<[pid_t]>([])

  deinit {
    if isRunning { Self.orphans.withLock { $0.append(processIdentifier) } }
  }

  /// Starts the program.
  ///
  /// - Throws: ``HTTPFailure`` with the reason where it can't be started.
  package func run() throws {
    Self.orphans.withLock { $0.removeAll { waitpid($0, nil, WNOHANG) != 0 } }
    guard let program = executableURL?.path() else { throw HTTPFailure(description: "there is no program to start") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var ownEnds: [FileHandle] = []
    for (number, stream) in [standardInput, standardOutput, standardError].enumerated() {
      switch stream {
      case let handle as FileHandle where handle === FileHandle.nullDevice:
        posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0)
      case let handle as FileHandle:
        posix_spawn_file_actions_adddup2(&actions, handle.fileDescriptor, Int32(number))
      case let pipe as Pipe:
        let end = number == 0 ? pipe.fileHandleForReading : pipe.fileHandleForWriting
        posix_spawn_file_actions_adddup2(&actions, end.fileDescriptor, Int32(number))
        if !ownEnds.contains(where: { $0 === end }) { ownEnds.append(end) }
      default: break
      }
    }
    _ = Self.closeFrom(&actions, 3)
    if let directory = currentDirectoryURL { _ = Self.changeDirectory(&actions, directory.path()) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let variables = environment ?? ProcessInfo.processInfo.environment
    var (values, settings) = (
      ([program] + arguments).map { strdup($0) } + [nil], variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    )
    defer { for pointer in values + settings { free(pointer) } }
    var identifier: pid_t = 0
    var failure: Int32 = 0
    // A script that was just written is busy while a child of another start, which has not begun its program yet, holds
    // the descriptor that wrote it (execve(2), ETXTBSY).
    for _ in 0..<Self.triesWhileBusy {
      failure = posix_spawn(&identifier, program, &actions, &attributes, &values, &settings)
      guard failure == ETXTBSY else { break }
      usleep(10_000)
    }
    // The reader sees the end of a pipe when the last descriptor of its other end is closed.
    for end in ownEnds { try? end.close() }
    guard failure == 0 else {
      throw HTTPFailure(description: "\(program) does not start: \(String(cString: strerror(failure)))")
    }
    state.withLock { $0.identifier = identifier }
  }

  /// The process ID, or 0 before `run`.
  package var processIdentifier: Int32 { state.withLock(\.identifier) }

  /// Whether the process was started and has not ended.
  package var isRunning: Bool {
    state.withLock { state in
      guard state.identifier != 0, state.status == nil else { return false }
      var status: Int32 = 0
      if waitpid(state.identifier, &status, WNOHANG) == state.identifier { state.status = status }
      return state.status == nil
    }
  }

  /// Waits for the end.
  package func waitUntilExit() {
    while isRunning { usleep(2_000) }
  }

  /// The exit code, or the number of the signal that ended the process. 0 before its end.
  package var terminationStatus: Int32 {
    guard !isRunning, let status = state.withLock(\.status) else { return 0 }
    return status & 0x7f == 0 ? status >> 8 & 0xff : status & 0x7f
  }

  /// Whether a signal ended the process.
  package var terminationReason: TerminationReason {
    guard !isRunning, let status = state.withLock(\.status) else { return .exit }
    return status & 0x7f == 0 ? .exit : .uncaughtSignal
  }

  /// Asks the process to end (SIGTERM).
  package func terminate() {
    if isRunning { kill(processIdentifier, SIGTERM) }
  }
}
