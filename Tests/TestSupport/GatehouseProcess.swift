package import Foundation
import Glibc
package import JSON

/// The real program as a process of its own, on a port that the system picks.
package final class GatehouseProcess {
  package static let adminEmail = "admin@example.com"
  package static let adminPassword = "Correct-Horse-Battery-9"
  package static let encryptionKey = "interop-key-0123456789abcdef0123"

  private let process: ProgramProcess
  package private(set) var port = 0

  package static func environment(dumps: URL, _ changes: [String: String] = [:]) -> [String: String] {
    let standard = [
      "MEM_OR_EXTERNAL": "MEM", "THREADS": "1", "MEM_ENCRYPTION_KEY": encryptionKey,
      "MEM_DUMP_PATH": dumps.appending(path: "memory_dump.bin").path(),
      "DOORMAN_ADMIN_EMAIL": adminEmail, "DOORMAN_ADMIN_PASSWORD": adminPassword,
      "JWT_SECRET_KEY": "a-secret-of-the-tests", "HTTPS_ONLY": "false", "LOGIN_IP_RATE_LIMIT": "1000000",
      "LOCAL_HOST_IP_BYPASS": "true", "HOST": "127.0.0.1", "PORT": "0",
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
    ]
    return standard.merging(changes) { $1 }.filter { !$0.value.isEmpty }
  }

  /// Starts the program; does not wait for anything.
  ///
  /// - Parameters:
  ///   - wrapper: a program that becomes the one that its first argument names.
  ///   - output: where it writes instead of a file. Nobody reads it but this process's `log` and the waits for readiness.
  package init(
    dumps: URL, _ changes: [String: String] = [:], arguments: [String] = [], through wrapper: URL? = nil,
    output: OutputPipe? = nil
  ) throws {
    process = try ProgramProcess(
      "gatehouse", arguments, environment: Self.environment(dumps: dumps, changes),
      directory: dumps.deletingLastPathComponent(), through: wrapper, output: output)
  }

  package var identifier: Int32 { process.identifier }
  package var isRunning: Bool { process.isRunning }
  package var log: String { process.log }

  package func processorTime() throws -> Duration { try process.processorTime() }
  package func openDescriptors() throws -> Int { try process.openDescriptors() }
  package func residentMemory() throws -> Int { try process.residentMemory() }

  /// Waits until it listens.
  package func waitUntilListening() throws {
    let found = eventually(within: .seconds(60)) { () -> Int? in
      guard process.isRunning else { return -1 }
      let line = log.split(separator: "\n").first { $0.contains("listening") && $0.contains("server.port") }
      return line?.firstMatch(of: /server\.port"?[=:]([0-9]+)/).flatMap { Int($0.output.1) }
    }
    guard let found, found > 0 else { throw HTTPFailure(description: "it does not listen:\n\(log)") }
    port = found
  }

  /// Waits until readiness answers 200.
  package func waitUntilReady() throws {
    try waitUntilListening()
    let isReady = eventually(within: .seconds(60)) {
      (try? send("GET", "/platform/monitor/readiness"))?.status == 200 ? true : !process.isRunning ? false : nil
    }
    guard isReady == true else { throw HTTPFailure(description: "it does not get ready:\n\(log)") }
  }

  package func signal(_ number: Int32) { process.signal(number) }

  /// Waits for its end.
  ///
  /// - Returns: the exit code, or minus the signal that ended it.
  package func waitForExit(within limit: Duration = .seconds(30)) throws -> Int32 {
    try process.waitForExit(within: limit)
  }

  package func stop(_ number: Int32 = SIGTERM) throws -> Int32 { try process.stop(number) }

  /// One call on a connection of its own.
  package func send(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:], raw: [UInt8]? = nil
  ) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: port)
    var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    if let token { head += "Authorization: Bearer \(token)\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let raw { head += "Content-Type: application/json\r\nContent-Length: \(raw.count)\r\n" }
    try connection.send(Array((head + "\r\n").utf8) + (raw ?? []))
    return try connection.receive(isHead: method == "HEAD")
  }

  package func send(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:], json: JSONValue
  ) throws -> HTTPAnswer {
    try send(method, path, token: token, headers: headers, raw: JSONWriter.bytes(json))
  }

  package func logIn(
    _ email: String = GatehouseProcess.adminEmail, _ password: String = GatehouseProcess.adminPassword
  ) throws -> String {
    let answer = try send(
      "POST", "/platform/authorization", json: ["email": .string(email), "password": .string(password)])
    guard let token = answer.json.object?["access_token"]?.string else {
      throw HTTPFailure(description: "no login: \(answer.status) \(answer.text)")
    }
    return token
  }
}

extension HTTPAnswer {
  package var json: JSONValue { (try? JSONParser().parse(body)) ?? .null }

  /// The code of a refusal.
  package var code: String? { json.object?["error_code"]?.string }
}

/// Runs the program until it is ready, gives it to `body`, and ends it afterwards.
package func withGatehouse<Value>(
  dumps: URL, _ changes: [String: String] = [:], _ body: (GatehouseProcess) async throws -> Value
) async throws -> Value {
  let gatehouse = try GatehouseProcess(dumps: dumps, changes)
  defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
  try gatehouse.waitUntilReady()
  return try await body(gatehouse)
}

/// The same with a directory of dumps that is removed afterwards.
package func withGatehouse<Value>(
  _ changes: [String: String] = [:], _ body: (GatehouseProcess) async throws -> Value
) async throws -> Value {
  try await withTemporaryDirectory { directory in
    try await withGatehouse(dumps: directory.appending(path: "generated"), changes, body)
  }
}
