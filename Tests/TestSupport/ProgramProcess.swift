package import Foundation
import Glibc

/// One of the project's programs as a separate process, with its output in a file.
package final class ProgramProcess {
  private let process = ChildProcess()
  /// The file that the program writes to.
  package let logFile: URL
  private let output: OutputPipe?

  /// The path of a program that `swift build` built, which is beside the test bundle.
  package static func executable(_ name: String) -> URL {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
    let beside =
      bundle?.deletingLastPathComponent() ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return beside.appending(path: name)
  }

  /// Starts the program and returns at once.
  ///
  /// - Parameters:
  ///   - wrapper: a program that executes the program named by its first argument.
  ///   - output: a pipe to write to instead of a file.
  package init(
    _ name: String, _ arguments: [String], environment: [String: String], directory: URL, through wrapper: URL? = nil,
    output: OutputPipe? = nil
  ) throws {
    self.output = output
    logFile = directory.appending(path: "log-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: logFile.path(), contents: nil)
    let handle = try FileHandle(forWritingTo: logFile)
    process.executableURL = wrapper ?? Self.executable(name)
    process.arguments = (wrapper == nil ? [] : [Self.executable(name).path()]) + arguments
    process.environment = environment.filter { !$0.value.isEmpty }
    process.currentDirectoryURL = directory
    let written = output.map { FileHandle(fileDescriptor: $0.input, closeOnDealloc: false) } ?? handle
    process.standardOutput = written
    process.standardError = written
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// The process ID.
  package var identifier: Int32 { process.processIdentifier }
  /// Whether the process is running.
  package var isRunning: Bool { process.isRunning }
  /// The output so far, without a line that the program is still writing. If the output is a pipe, this empties the
  /// pipe.
  package var log: String {
    // A program that ends behind this has written more than was seen then.
    let isRunning = process.isRunning
    let text = output?.text ?? (try? String(contentsOf: logFile, encoding: .utf8)) ?? ""
    guard isRunning else { return text }
    return text.utf8.lastIndex(of: UInt8(ascii: "\n")).map { String(text[...$0]) } ?? ""
  }

  /// Sends a signal to the process.
  package func signal(_ number: Int32) {
    kill(process.processIdentifier, number)
  }

  /// Waits for the process to end.
  ///
  /// - Returns: the exit code, or the negative number of the signal that ended it.
  package func waitForExit(within limit: Duration = .seconds(60)) throws -> Int32 {
    guard eventually(within: limit, { process.isRunning ? nil : true }) == true else {
      throw HTTPFailure(description: "it does not end:\n\(log)")
    }
    return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
  }

  /// Whether a thread of the process waits in a system call that not even SIGKILL ends.
  package var isHeldByKernel: Bool {
    let tasks = "/proc/\(identifier)/task"
    return ((try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []).contains { task in
      let text = (try? String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)) ?? ""
      return text.split(separator: ")").last?.hasPrefix(" D") == true
    }
  }

  /// The CPU time of all its threads, in user and kernel mode (proc(5)).
  package func processorTime() throws -> Duration {
    let text = try String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)
    // The name in parentheses may contain spaces. The numbers follow it.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
      throw HTTPFailure(description: "no times in '\(text)'")
    }
    return .seconds(user + system) / sysconf(Int32(_SC_CLK_TCK))
  }

  /// The number of its open descriptors.
  package func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd").count
  }

  /// Its resident memory in bytes.
  package func residentMemory() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/\(identifier)/statm", encoding: .utf8).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { throw HTTPFailure(description: "no statm") }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Sends a signal and waits for the process to end.
  ///
  /// - Returns: the exit code, or the negative number of the signal that ended it.
  package func stop(_ number: Int32 = SIGTERM) throws -> Int32 {
    signal(number)
    return try waitForExit()
  }

  /// Whether the output contains some words, now or within a time. A thread of its own writes the lines, so one can
  /// come after an answer that was given later. A program that has ended is not waited for.
  package func logs(_ words: String, within limit: Duration = .seconds(60)) -> Bool {
    let found = eventually(within: limit) { log.contains(words) ? true : process.isRunning ? nil : false }
    return found == true || log.contains(words)
  }

  /// Waits until the output contains some words.
  package func waitForLog(_ words: String, within limit: Duration = .seconds(60)) throws {
    guard logs(words, within: limit) else {
      throw HTTPFailure(description: "it does not log '\(words)':\n\(log)")
    }
  }
}
