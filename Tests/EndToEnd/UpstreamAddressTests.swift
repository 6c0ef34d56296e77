import Foundation
import JSON
import TestSupport
import Testing

@Suite("Servers of APIs that have a name")
struct UpstreamAddressTests {
  /// A gateway for which `changing.test` has the addresses of a file.
  ///
  /// - Parameters:
  ///   - port: of the server that the API `test` has under this name.
  ///   - path: the path of that server's URL.
  private func withName(
    _ port: Int, path: String = "", _ changes: [String: String] = [:],
    _ body: (_ gatehouse: GatehouseProcess, _ set: ([String]) throws -> Void) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let library = root.appending(path: "changing-name.so").path()
      let made = try ToolRun("clang", ["-shared", "-fPIC", "-o", library, Fixture.url("changing-name.c").path()])
      guard made.code == 0 else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let addresses = root.appending(path: "addresses")
      let settings = [
        "LD_PRELOAD": library, "NAME_ADDRESSES": addresses.path(), "CIRCUIT_BREAKER_ENABLED": "false",
        "HTTP_MAX_KEEPALIVE": "0",
      ].merging(changes) { $1 }
      try await withGatehouse(dumps: root.appending(path: "generated"), settings) {
        (gatehouse: GatehouseProcess) throws in
        try gatehouse.createAPI("test", servers: ["http://changing.test:\(port)\(path)"], token: gatehouse.logIn())
        try body(gatehouse) { list in
          try Data(list.map { $0 + "\n" }.joined().utf8).write(to: addresses)
        }
      }
    }
  }

  @Test("are found where the name leads now, for each new connection")
  func changed() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withName(server.port) { gatehouse, set in
      let call = { () throws in try gatehouse.send("GET", "/api/rest/test/v1/a") }
      // Nothing listens there.
      try set(["127.0.0.9"])
      #expect(try call().code == "GTW006")
      try set(["127.0.0.1"])
      #expect(try call().text == "good")
      try set([])
      #expect(try call().code == "GTW006", "the name has no address")
      try set(["127.0.0.1"])
      #expect(try call().text == "good")
      #expect(server.requests.first?["host"] == "changing.test:\(server.port)")
    }
  }

  @Test("are tried at all addresses of the name, of IPv6 and IPv4")
  func several() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withName(server.port) { gatehouse, set in
      let call = { () throws in try gatehouse.send("GET", "/api/rest/test/v1/a") }
      for list in [["127.0.0.9", "127.0.0.8", "127.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.9", "::1", "127.0.0.1"]] {
        try set(list)
        #expect(try call().text == "good", "\(list)")
      }
    }
  }

  /// A server that listens on `::1` alone: it is another gateway.
  private func withServerOnIPv6(_ body: (_ root: URL, _ port: Int) async throws -> Void) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let server = try GatehouseProcess(dumps: root.appending(path: "server"), ["HOST": "::1"])
      defer { if server.isRunning { server.signal(SIGKILL) } }
      try server.waitUntilListening()
      try await body(root, server.port)
    }
  }

  @Test(
    "are reached by IPv6 where the name has an address of it, alone or beside others that are dead",
    .enabled(if: HostAddress.hasIPv6Loopback, "the host has no IPv6"))
  func namedOnIPv6() async throws {
    try await withServerOnIPv6 { _, port in
      try await withName(port, path: "/api") { gatehouse, set in
        let call = { () throws in try gatehouse.send("GET", "/api/rest/test/v1/health") }
        for list in [["::1"], ["127.0.0.9", "::1"], ["127.0.0.9", "::1", "127.0.0.8"]] {
          try set(list)
          let answer = try call()
          #expect(answer.status == 200 && answer.text.contains("online"), "\(list): \(answer.status) \(answer.text)")
        }
        try set(["127.0.0.9", "127.0.0.8"])
        #expect(try call().code == "GTW006", "nobody listens at the addresses of IPv4")
      }
    }
  }

  @Test(
    "are reached at an address of IPv6 in brackets, and shown with it",
    .enabled(if: HostAddress.hasIPv6Loopback, "the host has no IPv6"))
  func addressOfIPv6() async throws {
    try await withServerOnIPv6 { root, port in
      try await withGatehouse(dumps: root.appending(path: "generated")) { (gatehouse: GatehouseProcess) throws in
        let token = try gatehouse.logIn()
        let server = "http://[::1]:\(port)"
        try gatehouse.createAPI("test", servers: [server + "/api"], token: token)
        let answer = try gatehouse.send("GET", "/api/rest/test/v1/health")
        #expect(answer.status == 200 && answer.text.contains("online"), "\(answer.status) \(answer.text)")
        let status = try gatehouse.send("GET", "/api/status", token: token).json.object
        #expect(status?["upstreams"]?.array?.first?.object?["server"]?.string == server)
      }
    }
  }

  @Test("are not waited for by calls to other servers while the lookup of their name hangs")
  func hanging() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withName(server.port, ["HTTP_CONNECT_TIMEOUT": "5"]) { gatehouse, set in
      try set(["127.0.0.1"])
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("hanging", servers: ["http://hanging.test:\(server.port)"], token: token)
      try gatehouse.createAPI("plain", servers: [server.url], token: token)
      let waiting = try (0..<40).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in waiting { try connection.send(call("/a").replacing("/test/", with: "/hanging/")) }
      // All of them are taken before the next calls.
      #expect(waiting.allSatisfy { !$0.isClosedByServer(within: .milliseconds(1)) })
      for name in ["test", "plain"] {
        for _ in 0..<8 { #expect(try gatehouse.send("GET", "/api/rest/\(name)/v1/a").text == "good", "\(name)") }
      }
      for connection in waiting { #expect(try connection.receive().code == "GTW010") }
    }
  }

  @Test("are verified where they speak TLS: by their name, and by an authority that is trusted")
  func verified() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let certificate = try TestCertificate("server", in: root)
      let other = try TestCertificate("other", in: root)
      let servers = try ["127.0.0.1", "127.0.0.2"].map { host in
        let settings = certificate.settings.merging(["HOST": host]) { $1 }
        return try GatehouseProcess(dumps: root.appending(path: "server \(host)"), settings)
      }
      defer { for server in servers where server.isRunning { server.signal(SIGKILL) } }
      for server in servers { try server.waitUntilListening() }
      let cases: [(authority: URL?, host: String, isTrusted: Bool)] = [
        (certificate.chain, "localhost", true), (certificate.chain, "127.0.0.1", true),
        (certificate.chain, "127.0.0.2", false), (other.chain, "localhost", false), (nil, "localhost", false),
      ]
      for (number, test) in cases.enumerated() {
        let settings = test.authority.map { ["HTTP_CACERT": $0.path()] } ?? [:]
        let dumps = root.appending(path: "gateway\(number)")
        try await withGatehouse(dumps: dumps, settings) { (gatehouse: GatehouseProcess) throws in
          let port = servers[test.host == "127.0.0.2" ? 1 : 0].port
          try gatehouse.createAPI("test", servers: ["https://\(test.host):\(port)/api"], token: gatehouse.logIn())
          let answer = try gatehouse.send("GET", "/api/rest/test/v1/health")
          let name = "\(test.host), \(test.authority?.lastPathComponent ?? "the system's authorities")"
          if test.isTrusted {
            #expect(answer.status == 200 && answer.text.contains("online"), "\(name): \(answer.status)")
          } else {
            #expect(answer.status == 502 && answer.code == "GTW006", "\(name): \(answer.status)")
          }
        }
      }
    }
  }
}
