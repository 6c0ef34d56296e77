package import Foundation
import Glibc

/// One of our programs as a process of its own, with what it writes in a file.
package final class ProgramProcess {
  private let process = Process()
  package let logFile: URL

  /// Where `swift build` puts programs: beside the test bundle.
  package static func executable(_ name: String) -> URL {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
    let beside =
      bundle?.deletingLastPathComponent() ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return beside.appending(path: name)
  }

  /// Starts it; does not wait for anything.
  ///
  /// - Parameter wrapper: a program that becomes the one that its first argument names.
  package init(
    _ name: String, _ arguments: [String], environment: [String: String], directory: URL, through wrapper: URL? = nil
  ) throws {
    logFile = directory.appending(path: "log-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: logFile.path(), contents: nil)
    let handle = try FileHandle(forWritingTo: logFile)
    process.executableURL = wrapper ?? Self.executable(name)
    process.arguments = (wrapper == nil ? [] : [Self.executable(name).path()]) + arguments
    process.environment = environment.filter { !$0.value.isEmpty }
    process.currentDirectoryURL = directory
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  package var identifier: Int32 { process.processIdentifier }
  package var isRunning: Bool { process.isRunning }
  package var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

  package func signal(_ number: Int32) {
    kill(process.processIdentifier, number)
  }

  /// Waits for its end.
  ///
  /// - Returns: the exit code, or minus the signal that ended it.
  package func waitForExit(within limit: Duration = .seconds(30)) throws -> Int32 {
    guard eventually(within: limit, { process.isRunning ? nil : true }) == true else {
      throw HTTPFailure(description: "it does not end:\n\(log)")
    }
    return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
  }

  /// Whether the kernel itself holds the process: a thread waits in a call that not even SIGKILL ends.
  package var isHeldByKernel: Bool {
    let tasks = "/proc/\(identifier)/task"
    return ((try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []).contains { task in
      let text = (try? String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)) ?? ""
      return text.split(separator: ")").last?.hasPrefix(" D") == true
    }
  }

  package func stop(_ number: Int32 = SIGTERM) throws -> Int32 {
    signal(number)
    return try waitForExit()
  }

  /// Waits until it has logged some words.
  package func waitForLog(_ words: String, within limit: Duration = .seconds(30)) throws {
    let found = eventually(within: limit) { log.contains(words) ? true : process.isRunning ? nil : false }
    guard found == true || log.contains(words) else {
      throw HTTPFailure(description: "it does not log '\(words)':\n\(log)")
    }
  }
}
