import Foundation
import Glibc
import TestSupport

/// Scripts that start a program under adverse conditions.
enum Wrapper {
  /// Runs a program without root's right to read and write every file.
  ///
  /// - Returns: `nil` where the tests do not run as root or setpriv does not work.
  static func unprivileged(in root: URL) throws -> URL? {
    let wrapper = try script(
      "unprivileged", in: root,
      "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search \"$@\"")
    let probe = root.appending(path: "probe")
    try Data("x".utf8).write(to: probe)
    chmod(probe.path(), 0)
    return try run([wrapper.path(), "cat", probe.path()]) == false ? wrapper : nil
  }

  /// Runs a program and makes some of its system calls fail.
  ///
  /// - Parameter fault: the argument of strace's `inject`, such as `fsync:error=EIO:when=1..3`.
  /// - Returns: `nil` where strace does not work.
  static func failing(_ fault: String, in root: URL) throws -> URL? {
    let call = fault.prefix { $0 != ":" }
    let wrapper = try script(
      "failing", in: root, "strace -D -f -qq -o /dev/null -e trace=\(call) -e inject=\(fault) \"$@\"")
    return try run([wrapper.path(), "true"]) ? wrapper : nil
  }

  /// Writes a script that executes a command.
  static func script(_ name: String, in root: URL, _ command: String) throws -> URL {
    let wrapper = root.appending(path: name)
    try Data("#!/bin/sh\nexec \(command)\n".utf8).write(to: wrapper)
    chmod(wrapper.path(), 0o755)
    return wrapper
  }

  /// - Returns: whether it exited with 0.
  static func run(_ arguments: [String]) throws -> Bool {
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return eventually(within: .seconds(60)) { process.isRunning ? nil : true } == true && process.terminationStatus == 0
  }
}
