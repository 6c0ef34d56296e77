import Foundation
import Glibc
import TestSupport
import Testing

@Suite("A child process of the tests")
struct ChildProcessTests {
  @Test("starts beside thousands of open descriptors, and has none of them")
  func descriptors() throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let opened = (0..<3_000).map { _ in dup(2) }
    defer { for descriptor in opened { close(descriptor) } }
    try #require(opened.allSatisfy { $0 >= 0 })
    // Its own list is the fourth.
    let run = try ToolRun("ls", ["/proc/self/fd"])
    #expect(run.code == 0)
    #expect(run.output == "0\n1\n2\n3\n")
  }

  @Test("ends with its exit code or its signal, in the directory and environment that it was given")
  func ends() throws {
    let child = ChildProcess()
    let pipe = Pipe()
    child.executableURL = URL(filePath: "/bin/sh")
    child.arguments = ["-c", "echo \"$PWD $NAME\"; exit 7"]
    child.environment = ["NAME": "ä b"]
    child.currentDirectoryURL = URL(filePath: "/usr")
    child.standardOutput = pipe
    try child.run()
    #expect(String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "/usr ä b\n")
    child.waitUntilExit()
    #expect(!child.isRunning && child.terminationStatus == 7 && child.terminationReason == .exit)

    let other = ChildProcess()
    other.executableURL = URL(filePath: "/usr/bin/env")
    other.arguments = ["sleep", "60"]
    try other.run()
    #expect(other.isRunning)
    other.terminate()
    other.waitUntilExit()
    #expect(other.terminationStatus == SIGTERM && other.terminationReason == .uncaughtSignal)

    let missing = ChildProcess()
    missing.executableURL = URL(filePath: "/nowhere")
    #expect(throws: HTTPFailure.self) { try missing.run() }
    #expect(!missing.isRunning)
  }
}
