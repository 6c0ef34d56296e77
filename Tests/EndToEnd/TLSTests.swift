import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("TLS on the gateway's port")
struct TLSTests {
  /// Starts the gateway with a certificate and calls `body` when it is ready.
  ///
  /// - Parameter server: of an API `test` that the gateway has from an earlier run.
  private func withTLS(
    _ changes: [String: String] = [:], server: String? = nil,
    _ body: (_ gatehouse: GatehouseProcess, _ certificate: TestCertificate, _ root: URL) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let certificate = try TestCertificate("first", in: root)
      let dumps = root.appending(path: "generated")
      if let server {
        try await withGatehouse(dumps: dumps) { (gatehouse: GatehouseProcess) async throws in
          try gatehouse.createAPI("test", servers: [server], token: gatehouse.logIn())
          #expect(try gatehouse.stop() == 0)
        }
      }
      let settings = certificate.settings.merging(SidecarProcess.account) { $1 }.merging(changes) { $1 }
      let gatehouse = try GatehouseProcess(dumps: dumps, settings)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilListening()
      let isReady: Bool? = try eventually(within: .seconds(60)) {
        try ask(gatehouse, "/platform/monitor/readiness", ["-k"]).output.hasSuffix(" 200") ? true : nil
      }
      try #require(isReady == true, "\(gatehouse.log)")
      try await body(gatehouse, certificate, root)
    }
  }

  /// Asks with curl, which prints the answer, a space and the status.
  private func ask(_ gatehouse: GatehouseProcess, _ path: String, _ options: [String]) throws -> ToolRun {
    try ToolRun(
      "curl",
      ["-sS", "--max-time", "60", "-w", " %{http_code}"] + options + ["https://localhost:\(gatehouse.port)\(path)"])
  }

  private func connect(_ gatehouse: GatehouseProcess, _ options: [String] = []) throws -> ToolRun {
    try ToolRun("openssl", ["s_client", "-connect", "127.0.0.1:\(gatehouse.port)"] + options)
  }

  @Test("is 1.2 or 1.3 with HTTP/1.1, and nothing older, and no plain HTTP")
  func versions() async throws {
    try await withTLS { (gatehouse: GatehouseProcess, certificate: TestCertificate, _: URL) async throws in
      let trusting = ["--cacert", certificate.chain.path()]
      #expect(try ask(gatehouse, "/platform/monitor/liveness", trusting).output.hasSuffix(" 200"))
      for version in ["-tls1_2", "-tls1_3"] {
        let session = try connect(gatehouse, [version, "-alpn", "h2,http/1.1"])
        #expect(session.code == 0 && session.output.contains("ALPN protocol: http/1.1"), "\(session.output)")
      }
      for options in [
        ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384"],
      ] {
        let session = try connect(gatehouse, options)
        #expect(session.output.contains("Cipher is (NONE)") && session.output.contains("alert"), "\(session.output)")
      }
      let plain = try HTTPConnection(port: gatehouse.port)
      try plain.send("GET /platform/monitor/liveness HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(plain.isClosedByServer())
      #expect(try ask(gatehouse, "/platform/monitor/liveness", trusting).output.hasSuffix(" 200"))
    }
  }

  @Test("carries bodies of several records, and makes cookies secure")
  func bodies() async throws {
    try await withTLS { (gatehouse: GatehouseProcess, certificate: TestCertificate, root: URL) async throws in
      let trusting = ["--cacert", certificate.chain.path(), "-i"]
      let credentials =
        #"{"email": "\#(GatehouseProcess.adminEmail)", "password": "\#(GatehouseProcess.adminPassword)"}"#
      let login: String? = try eventually(within: .seconds(60)) {
        let answer = try ask(gatehouse, "/platform/authorization", trusting + ["-d", credentials]).output
        return answer.hasSuffix(" 200") ? answer : nil
      }
      let cookies = try #require(login).split(separator: "\r\n").filter { $0.lowercased().hasPrefix("set-cookie:") }
      #expect(cookies.count == 2 && cookies.allSatisfy { $0.contains("; Secure") }, "\(cookies)")
      let token = try #require(login?.firstMatch(of: /"access_token":"([^"]+)"/)).output.1
      let document = try ask(
        gatehouse, "/platform/openapi.json", trusting + ["-H", "Authorization: Bearer \(token)"]
      ).output
      #expect(document.utf8.count > 50_000 && document.hasSuffix("} 200"))
      let large = root.appending(path: "large.json")
      try Data(#"{"api_name": ""#.utf8 + [UInt8](repeating: 0x61, count: 900_000) + Array(#""}"#.utf8)).write(to: large)
      let refused = try ask(
        gatehouse, "/platform/api", trusting + ["-H", "Authorization: Bearer \(token)", "-d", "@\(large.path())"])
      #expect(refused.output.hasSuffix(" 422"), "\(refused.output.suffix(300))")
    }
  }

  @Test(
    "carries calls with long bodies both ways, and their servers are told of it",
    arguments: ["", "Connection: x-long-way"])
  func calls(field: String) async throws {
    let halves = [1, 2].map { (seed: UInt64) -> [UInt8] in
      var generator = SeededGenerator(seed: seed)
      return (0..<625_000).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
    }
    let received = Mutex<[UInt8]>([])
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        guard let body = connection.receiveBody(of: head) else { return }
        received.withLock { $0 = body }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: \(halves[1].count)\r\n\r\n"
        guard connection.send(Array(answer.utf8) + halves[1]) else { return }
      }
    }
    defer { server.stop() }
    try await withTLS(["DISABLE_BODY_SIZE_LIMIT": "true"], server: server.url) {
      (gatehouse: GatehouseProcess, certificate: TestCertificate, root: URL) async throws in
      let (sent, got) = (root.appending(path: "sent"), root.appending(path: "got"))
      try Data(halves[0]).write(to: sent)
      let options = ["--cacert", certificate.chain.path(), "-o", got.path()] + (field.isEmpty ? [] : ["-H", field])
      for upload in [[], ["--data-binary", "@\(sent.path())"]] {
        let run = try ask(gatehouse, "/api/rest/test/v1/a", options + upload)
        #expect(run.code == 0 && run.output == " 200", "\(run.output)")
        let isWhole = try Data(contentsOf: got) == Data(halves[1])
        #expect(isWhole, "the answer's body")
        let isEqual = received.withLock { $0 == (upload.isEmpty ? [] : halves[0]) }
        #expect(isEqual, "the request's body")
      }
      #expect(server.requests.map(\.method) == ["GET", "POST"])
      #expect(server.requests.allSatisfy { $0["x-forwarded-proto"] == "https" })
    }
  }

  @Test("is spoken by the health check and the sidecar, which take any certificate on loopback")
  func ownPrograms() async throws {
    try await withTLS { (gatehouse: GatehouseProcess, certificate: TestCertificate, root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let settings = certificate.settings.merging(["PORT": "\(gatehouse.port)"]) { $1 }
      // A check fails by itself when a busy machine keeps it waiting.
      let isHealthy: Bool? = try eventually {
        try GatehouseProcess(dumps: dumps, settings, arguments: ["health"]).waitForExit() == 0 ? true : nil
      }
      #expect(isHealthy == true)
      let url = "https://127.0.0.1:\(gatehouse.port)"
      #expect(try SidecarProcess.run(["drain"], dumps: dumps, ["SIDECAR_URL": url]).code == 0)
      // Certificates to trust that are set count on loopback, too.
      let other = try TestCertificate("other", in: root)
      let untrusting = ["SIDECAR_URL": url, "SIDECAR_CACERT": other.chain.path(), "DRAIN_DEADLINE": "12"]
      #expect(try SidecarProcess.run(["drain"], dumps: dumps, untrusting).code != 0)
      let trusting = ["SIDECAR_URL": url, "SIDECAR_CACERT": certificate.chain.path()]
      #expect(try SidecarProcess.run(["drain"], dumps: dumps, trusting).code == 0)
    }
  }

  private func subject(_ gatehouse: GatehouseProcess) throws -> String {
    let output = try connect(gatehouse).output
    return output.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? output
  }

  @Test("gets a new certificate at SIGHUP, and keeps the present one when the files don't fit")
  func reload() async throws {
    try await withTLS { (gatehouse: GatehouseProcess, certificate: TestCertificate, root: URL) async throws in
      let second = try TestCertificate("second", in: root)
      try Data(contentsOf: second.chain).write(to: certificate.chain)
      gatehouse.signal(SIGHUP)
      let isReported: Bool? = eventually {
        gatehouse.log.contains("the certificate can't be replaced") && gatehouse.log.contains("does not fit")
          ? true : nil
      }
      #expect(isReported == true, "\(gatehouse.log)")
      #expect(try subject(gatehouse).hasSuffix("first"))
      try Data(contentsOf: second.key).write(to: certificate.key)
      gatehouse.signal(SIGHUP)
      let isReplaced: Bool? = try eventually { try subject(gatehouse).hasSuffix("second") ? true : nil }
      #expect(isReplaced == true && gatehouse.logs("certificate read"), "\(gatehouse.log)")
      #expect(!gatehouse.log.contains("SIGHUP changes nothing"))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("gets a new certificate soon after its files changed")
  func change() async throws {
    try await withTLS { (gatehouse: GatehouseProcess, certificate: TestCertificate, root: URL) async throws in
      let second = try TestCertificate("second", in: root)
      // As a tool of certificates does it: each file is replaced by a rename, one after the other.
      for (new, old) in [(second.chain, certificate.chain), (second.key, certificate.key)] {
        #expect(rename(new.path(), old.path()) == 0)
      }
      let isReplaced: Bool? = try eventually(within: .seconds(60)) {
        try subject(gatehouse).hasSuffix("second") ? true : nil
      }
      #expect(isReplaced == true, "\(gatehouse.log)")
      #expect(!gatehouse.log.contains("can't be replaced"))
    }
  }

  @Test("is not begun with a certificate or key that is missing, unreadable, or another's")
  func refusals() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (first, second) = (try TestCertificate("first", in: root), try TestCertificate("second", in: root))
      let cases: [(certificate: String, key: String, words: String)] = [
        (first.chain.path(), "", "SSL_KEYFILE: is not set"), ("", first.key.path(), "SSL_CERTFILE: is not set"),
        (first.chain.path(), second.key.path(), "SSL_KEYFILE: names the file"),
        (first.key.path(), first.key.path(), "SSL_CERTFILE: names the file"),
        (first.chain.path(), first.chain.path(), "SSL_KEYFILE: names the file"),
        ("/nowhere/x.crt", first.key.path(), "can't be opened (No such file or directory)"),
      ]
      for (certificate, key, words) in cases {
        let gatehouse = try GatehouseProcess(
          dumps: root.appending(path: "generated"), ["SSL_CERTFILE": certificate, "SSL_KEYFILE": key])
        #expect(try gatehouse.waitForExit() == 78, "\(gatehouse.log)")
        #expect(gatehouse.logs(words), "\(gatehouse.log)")
      }
    }
  }
}
