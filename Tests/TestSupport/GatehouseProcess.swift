package import Foundation
import Glibc
package import JSON

/// The real gateway as a separate process, on a port that the system chooses.
package final class GatehouseProcess {
  /// The admin's email address in `environment`.
  package static let adminEmail = "admin@example.com"
  /// The admin's password in `environment`.
  package static let adminPassword = "Correct-Horse-Battery-9"
  /// The dumps' key in `environment`.
  package static let encryptionKey = "interop-key-0123456789abcdef0123"

  private let process: ProgramProcess
  /// The port that it listens on, or 0 before `waitUntilListening`.
  package private(set) var port = 0

  /// A minimal valid environment. An empty value in `changes` removes a setting.
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

  /// Starts the program and returns at once.
  ///
  /// - Parameters:
  ///   - wrapper: a program that executes the program named by its first argument.
  ///   - output: a pipe to write to instead of a file. Only this process's `log` and the waits for readiness read it.
  package init(
    dumps: URL, _ changes: [String: String] = [:], arguments: [String] = [], through wrapper: URL? = nil,
    output: OutputPipe? = nil
  ) throws {
    process = try ProgramProcess(
      "gatehouse", arguments, environment: Self.environment(dumps: dumps, changes),
      directory: dumps.deletingLastPathComponent(), through: wrapper, output: output)
  }

  /// The process ID.
  package var identifier: Int32 { process.identifier }
  /// Whether the process is running.
  package var isRunning: Bool { process.isRunning }
  /// The output so far, without a line that the program is still writing.
  package var log: String { process.log }

  /// The CPU time of all its threads.
  package func processorTime() throws -> Duration { try process.processorTime() }
  /// The number of its open descriptors.
  package func openDescriptors() throws -> Int { try process.openDescriptors() }
  /// Its resident memory in bytes.
  package func residentMemory() throws -> Int { try process.residentMemory() }

  /// Waits until the gateway listens, and sets `port`.
  package func waitUntilListening() throws {
    let found = eventually(within: .seconds(60)) { () -> Int? in
      guard process.isRunning else { return -1 }
      let line = log.split(separator: "\n").first { $0.contains("listening") && $0.contains("server.port") }
      return line?.firstMatch(of: /server\.port"?[=:]([0-9]+)/).flatMap { Int($0.output.1) }
    }
    guard let found, found > 0 else { throw HTTPFailure(description: "it does not listen:\n\(log)") }
    port = found
  }

  /// Waits until the readiness probe answers 200.
  package func waitUntilReady() throws {
    try waitUntilListening()
    let isReady = eventually(within: .seconds(60)) {
      (try? send("GET", "/platform/monitor/readiness"))?.status == 200 ? true : !process.isRunning ? false : nil
    }
    guard isReady == true else { throw HTTPFailure(description: "it does not get ready:\n\(log)") }
  }

  /// Whether the log contains some words, now or within a time.
  package func logs(_ words: String, within limit: Duration = .seconds(60)) -> Bool {
    process.logs(words, within: limit)
  }

  /// Waits until the log contains some words.
  package func waitForLog(_ words: String) throws { try process.waitForLog(words) }

  /// Sends a signal to the process.
  package func signal(_ number: Int32) { process.signal(number) }

  /// Waits for the process to end.
  ///
  /// - Returns: the exit code, or the negative number of the signal that ended it.
  package func waitForExit(within limit: Duration = .seconds(60)) throws -> Int32 {
    try process.waitForExit(within: limit)
  }

  /// Sends a signal and waits for the process to end.
  ///
  /// - Returns: the exit code, or the negative number of the signal that ended it.
  package func stop(_ number: Int32 = SIGTERM) throws -> Int32 { try process.stop(number) }

  /// Sends one request on a new connection.
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

  /// Sends one request with a JSON body on a new connection.
  package func send(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:], json: JSONValue
  ) throws -> HTTPAnswer {
    try send(method, path, token: token, headers: headers, raw: JSONWriter.bytes(json))
  }

  /// Logs in, and returns the access token.
  ///
  /// - Parameter isPatient: whether to try again while too many logins wait. On a busy machine the passwords of the
  ///   environment may take longer after a start than a login waits for them.
  package func logIn(
    _ email: String = GatehouseProcess.adminEmail, _ password: String = GatehouseProcess.adminPassword,
    isPatient: Bool = true
  ) throws -> String {
    let answer = try eventually(within: isPatient ? .seconds(60) : .zero) { () throws -> HTTPAnswer? in
      let answer = try send(
        "POST", "/platform/authorization", json: ["email": .string(email), "password": .string(password)])
      return isPatient && answer.text.contains("Too many logins") ? nil : answer
    }
    guard let token = answer?.json.object?["access_token"]?.string else {
      throw HTTPFailure(description: "no login: \(answer.map { "\($0.status) \($0.text)" } ?? "too many wait")")
    }
    return token
  }
}

extension HTTPAnswer {
  /// The body as JSON, or null when it is not JSON.
  package var json: JSONValue { (try? JSONParser().parse(body)) ?? .null }

  /// The error code of a refusal, or `nil` when the body has none.
  package var code: String? { json.object?["error_code"]?.string }
}

/// Starts the gateway, calls `body` when it is ready, and ends it afterwards.
package func withGatehouse<Value>(
  dumps: URL, _ changes: [String: String] = [:], _ body: (GatehouseProcess) async throws -> Value
) async throws -> Value {
  let gatehouse = try GatehouseProcess(dumps: dumps, changes)
  defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
  try gatehouse.waitUntilReady()
  return try await body(gatehouse)
}

/// Does the same with a dump directory that is removed afterwards.
package func withGatehouse<Value>(
  _ changes: [String: String] = [:], _ body: (GatehouseProcess) async throws -> Value
) async throws -> Value {
  try await withTemporaryDirectory { directory in
    try await withGatehouse(dumps: directory.appending(path: "generated"), changes, body)
  }
}
