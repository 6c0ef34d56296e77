import Settings
import Testing

@testable import Sidecar

@Suite("The addresses of servers")
struct AddressTests {
  private func faults(_ changes: [String: String], logsIn: Bool = true) -> [ConfigurationFaults.Fault] {
    do {
      _ = try SidecarConfiguration.load(
        SidecarConfigurationTests.needed.merging(changes) { $1 }, logsIn: logsIn
      ) { _ in "" }
      return []
    } catch {
      return error.faults
    }
  }

  /// The parts that no address of a server may have, with words of the sentence about them.
  private static let wrong = [
    ("127.0.0.1:5001", "http://"), ("ftp://h", "http://"), ("http:/h", "http://"), ("http://", "no host"),
    ("http:///x", "no host"), ("http://:5001", "no host"), ("http://h h", "no address can"),
    ("http://h\u{E9}", "no address can"),
    ("http://h\nx", "no address can"), ("http://h\\x", "no address can"), ("http://h:0", "port"),
    ("http://h:65536", "port"), ("http://h:", "port"), ("http://h:x", "port"), ("http://h:+1", "port"),
    ("http://[::1", "no host"), ("http://[zz]", "no host"), ("http://a%41", "no host"), ("http://::1", "no host"),
    ("http://sidecar:hunter2@h", "user name"), ("http://hunter2@h:5001/", "user name"),
    ("http://h#hunter2", "fragment"), ("http://h/#", "fragment"),
  ]

  @Test("are refused with a sentence that does not show what they hold", arguments: wrong)
  func refused(text: String, words: String) {
    let settings = [
      "SIDECAR_URL", "ECS_CONTAINER_METADATA_URI_V4", "ECS_AGENT_URI", "OFFSITE_S3_ENDPOINT",
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]
    for name in settings {
      let offsite = ["OFFSITE_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-1"]
      let credentials = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
      let base = name.hasPrefix("AWS") ? offsite : offsite.merging(credentials) { $1 }
      let found = faults(base.merging([name: text]) { $1 })
      #expect(found.map(\.name) == [name], "\(name)")
      #expect(found.first?.sentence.contains(words) == true, "\(found)")
      #expect(found.first?.sentence.contains("hunter2") == false)
    }
  }

  @Test("have a path or a query only where the calls can do with one")
  func tails() {
    for text in ["http://h?x=1", "http://h/?", "http://h/platform", "http://h//x", "http://h/%zz", "http://h/.."] {
      #expect(faults(["SIDECAR_URL": text]).map(\.name) == ["SIDECAR_URL"], "\(text)")
    }
    for text in ["http://h/v4/x?y", "http://h/../x", "http://h/./x", "http://h/%g0", "http://h/%4"] {
      for name in ["ECS_CONTAINER_METADATA_URI_V4", "ECS_AGENT_URI"] {
        #expect(faults([name: text]).map(\.name) == [name], "\(text)")
      }
    }
    let relative = ["OFFSITE_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-1"]
    let name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    for text in ["v2/x", "@evil.example/x", ".evil.example/", "/x#y", "/x y", "/../x"] {
      #expect(faults(relative.merging([name: text]) { $1 }).map(\.name) == [name], "\(text)")
    }
    for text in ["/v2/credentials/0123", "/v2/credentials?id=0123"] {
      #expect(faults(relative.merging([name: text]) { $1 }) == [], "\(text)")
    }
  }

  @Test("lose the slashes at their end, and keep the rest as it is")
  func taken() throws {
    let taken = [
      ("http://127.0.0.1:5001", "http://127.0.0.1:5001"), ("HTTPS://Gateway.example///", "HTTPS://Gateway.example"),
      ("http://[::1]:5001/", "http://[::1]:5001"), ("http://gate_way", "http://gate_way"),
    ]
    for (given, text) in taken { #expect(try WebAddress(given, tail: .nothing).text == text) }
    #expect(try WebAddress("http://h/v4/a%20b/", tail: .path).text == "http://h/v4/a%20b")
    #expect(try WebAddress("http://h/x?y=/", tail: .pathAndQuery).text == "http://h/x?y=/")
  }

  @Test("are of loopback only when they name it in its usual spelling")
  func loopback() throws {
    for host in ["127.0.0.1", "127.9.8.7:5001", "localhost", "LocalHost:1", "[::1]", "[::1]:5001"] {
      #expect(try WebAddress("https://\(host)", tail: .nothing).isLoopback, "\(host)")
    }
    for host in ["127.0.0.1.example", "127.0.0", "localhost.example", "10.0.0.1", "[::2]:1", "gateway", "1270.0.0.1"] {
      #expect(try !WebAddress("https://\(host)", tail: .nothing).isLoopback, "\(host)")
    }
  }

  @Test("of the gateway are not verified on loopback, unless there are certificates to trust")
  func verification() throws {
    let base = [
      "MEM_ENCRYPTION_KEY": "sealing-key-abc", "SIDECAR_USERNAME": "sidecar", "SIDECAR_PASSWORD": "a-password",
    ]
    for (changes, verifies) in [
      ([:], false), (["SIDECAR_URL": "https://127.0.0.1:5001"], false), (["SIDECAR_URL": "https://gateway"], true),
      (["SIDECAR_URL": "https://localhost", "SIDECAR_CACERT": "/x"], true),
    ] as [([String: String], Bool)] {
      let configuration = try SidecarConfiguration.load(base.merging(changes) { $1 }, logsIn: true) { _ in "" }
      #expect(configuration.verifiesGateway == verifies, "\(changes)")
    }
  }

  @Test("are known before a command asks for anything: PORT=0 tells none")
  func port() {
    #expect(faults(["PORT": "0"]).map(\.name) == ["SIDECAR_URL"])
    #expect(faults(["PORT": "0"], logsIn: false) == [])
    #expect(faults(["PORT": "0", "SIDECAR_URL": "http://h"]) == [])
  }

  @Test("in S3 are made of names that can stand in one")
  func offsite() {
    let base = [
      "OFFSITE_S3_BUCKET": "bucket", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
    ]
    for (name, value) in [
      ("AWS_REGION", "evil.example/"), ("AWS_REGION", "eu west"), ("OFFSITE_S3_PREFIX", "../other"),
      ("OFFSITE_S3_PREFIX", "a/./b"),
    ] {
      #expect(faults(base.merging([name: value]) { $1 }).map(\.name) == [name], "\(value)")
    }
    #expect(faults(base.merging(["OFFSITE_S3_PREFIX": "/a..b/...c"]) { $1 }) == [])
  }
}
