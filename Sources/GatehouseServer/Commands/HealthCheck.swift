import Glibc
import JSON
import Logs
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Platform
import Settings

extension Program {
  /// Asks the gateway on this host whether it is ready, and ends the process: with 0 if it is, otherwise with 1.
  package static func health(_ environment: [String: String]) async -> Never {
    var reader = EnvironmentReader(environment, readFile: SecretFile.text(of:))
    let address = HealthCheck.Address(&reader)
    guard reader.faults.isEmpty else {
      for fault in reader.faults { StandardError.write("\(fault)") }
      StandardError.flush(within: .seconds(1))
      _exit(ExitCode.configuration.rawValue)
    }
    let answer = await HealthCheck(address: address).ask()
    StandardOutput.write(answer.sentence)
    StandardOutput.flush(within: .milliseconds(500))
    _exit(answer.isWell ? EXIT_SUCCESS : EXIT_FAILURE)
  }
}

/// One request for the gateway's readiness, which ends within 4 seconds. ECS and Docker give a check 5 seconds,
/// including the program's start.
struct HealthCheck: Sendable {
  private static let limit = Duration.seconds(4)

  struct Address: Sendable {
    let host: String
    let port: Int
    /// Whether the port speaks TLS.
    let isSecure: Bool

    /// The address at which a gateway with these settings answers its own host.
    init(_ reader: inout EnvironmentReader) {
      let declared = Configuration.settings.process
      let host = reader.value(of: declared.host)
      self.host = ["0.0.0.0", "::", ""].contains(host) ? "127.0.0.1" : host
      port = reader.value(of: declared.port.with(.integer(1...65_535), default: declared.port.standard))
      isSecure = reader.value(of: Configuration.settings.http.certificateFile) != nil
    }
  }

  enum Answer: Sendable, Equatable {
    case ready
    /// Healthy, too: it answers requests, and takes over when the other task is gone.
    case standby(reason: String)
    case notReady(String)

    var isWell: Bool { if case .notReady = self { false } else { true } }

    var sentence: String {
      switch self {
      case .ready: "healthy: ready"
      case .standby(let reason): "healthy: ready, on standby: \(reason)"
      case .notReady(let reason): "UNHEALTHY: \(reason)"
      }
    }
  }

  let address: Address

  func ask() async -> Answer {
    await withTaskGroup(of: Answer.self) { group in
      group.addTask { await answer() }
      group.addTask {
        try? await Task.sleep(for: Self.limit)
        return .notReady("no answer from \(address.host):\(address.port) within \(Self.limit.components.seconds) s")
      }
      defer { group.cancelAll() }
      return await group.next() ?? .notReady("it was not asked")
    }
  }

  private func answer() async -> Answer {
    do {
      let (status, body) = try await exchange()
      return Self.judge(status: status, body: body)
    } catch is NIOConnectionError {
      return .notReady("nothing listens on \(address.host):\(address.port)")
    } catch {
      return .notReady("no answer from \(address.host):\(address.port): \(error)")
    }
  }

  static func judge(status: Int, body: [UInt8]) -> Answer {
    // Another program may have the port and answer.
    let object = try? JSONParser().parseObject(body)
    let word = object?["status"]?.string
    guard status == 200 else { return .notReady(word ?? "it answers \(status)") }
    guard let object, let word, word.hasSameBytes(as: "ready") else {
      return .notReady("it answers 200 with what is no readiness; another program may have the port")
    }
    guard object["writer"] == false else { return .ready }
    return .standby(reason: object["reason"]?.string ?? "it does not say why")
  }

  /// The check stays on its own host and sends no secret, so it takes any certificate. Names in the certificate are
  /// those that clients use.
  private static func tls() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    return try NIOSSLContext(configuration: configuration)
  }

  private func exchange() async throws -> (status: Int, body: [UInt8]) {
    let tls = address.isSecure ? try Self.tls() : nil
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connectTimeout(.nanoseconds(Int64(Self.limit.components.seconds) * 1_000_000_000))
      .connect(host: address.host, port: address.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
          }
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { answers, requests in
      let headers: HTTPHeaders = ["host": "\(address.host):\(address.port)", "connection": "close"]
      try await requests.write(
        .head(HTTPRequestHead(version: .http1_1, method: .GET, uri: MonitorRoutes.readinessPath, headers: headers)))
      try await requests.write(.end(nil))
      var status = 0
      var body: [UInt8] = []
      for try await part in answers {
        switch part {
        case .head(let head): status = Int(head.status.code)
        case .body(let bytes): body += bytes.readableBytesView.prefix(max(0, 65_536 - body.count))
        case .end: return (status, body)
        }
      }
      throw ChannelError.eof
    }
  }
}
