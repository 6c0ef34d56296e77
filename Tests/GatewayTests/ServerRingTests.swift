import Foundation
import Model
import Synchronization
import Testing

@testable import Gateway

@Suite("The servers that take turns")
struct ServerRingTests {
  private func ring(_ urls: [String], first: Int = 0) -> ServerRing {
    ServerRegistry().ring(urls, first: first, present: nil)
  }

  private func hosts(_ ring: ServerRing, _ count: Int, now: UInt64 = 0) -> [String?] {
    (0..<count).map { _ in ring.next(now: now)?.address.origin.host }
  }

  @Test("come round in their order, from the first one that is named")
  func order() {
    #expect(hosts(ring(["http://a", "http://b", "http://c"]), 5) == ["a", "b", "c", "a", "b"])
    #expect(hosts(ring(["http://a", "http://b", "http://c"], first: 2), 4) == ["c", "a", "b", "c"])
    #expect(hosts(ring(["http://a", "http://b"], first: 7), 2) == ["b", "a"])
    #expect(hosts(ring(["http://a"], first: 1), 2) == ["a", "a"])
  }

  @Test("leave out URLs that can't be read")
  func unreadable() {
    #expect(hosts(ring(["nothing", "http://a", "ftp://b"]), 2) == ["a", "a"])
    #expect(ring([]).next(now: 0) == nil)
    #expect(ring(["nothing"]).next(now: 0) == nil)
  }

  @Test("begin again with the first one when the turns are cleared")
  func restart() {
    let ring = ring(["http://a", "http://b"])
    _ = ring.next(now: 0)
    ring.restart()
    #expect(hosts(ring, 2) == ["a", "b"])
  }

  @Test("get the same number of calls from 8 threads")
  func threads() {
    let ring = ring(["http://a", "http://b", "http://c", "http://d"])
    let counts = Mutex<[String: Int]>([:])
    let group = DispatchGroup()
    for _ in 0..<8 {
      group.enter()
      Thread.detachNewThread {
        var own: [String: Int] = [:]
        for _ in 0..<1000 { own[ring.next(now: 0)?.address.origin.host ?? "none", default: 0] += 1 }
        counts.withLock { $0.merge(own) { $0 + $1 } }
        group.leave()
      }
    }
    group.wait()
    #expect(counts.withLock { $0 } == ["a": 2000, "b": 2000, "c": 2000, "d": 2000])
  }

  @Test("skip one that failed three times in a row, until its time is over")
  func ejection() {
    let ring = ring(["http://a", "http://b"])
    let bad = ring.servers[0].health
    bad.noteFailure(now: 0)
    bad.noteFailure(now: 0)
    #expect(hosts(ring, 2) == ["a", "b"])
    bad.noteFailure(now: 0)
    #expect(hosts(ring, 4) == ["b", "b", "b", "b"])
    #expect(hosts(ring, 2, now: ServerHealth.ejection - 1) == ["b", "b"])
    #expect(hosts(ring, 2, now: ServerHealth.ejection).contains("a"))
    bad.noteFailure(now: ServerHealth.ejection)
    #expect(hosts(ring, 2, now: ServerHealth.ejection) == ["b", "b"], "one more failure is enough")
    bad.noteSuccess()
    bad.noteFailure(now: 0)
    #expect(Set(hosts(ring, 2)) == ["a", "b"], "a success begins the count anew")
  }

  @Test("are all tried when all are left out")
  func allEjected() {
    let ring = ring(["http://a", "http://b"])
    for server in ring.servers { for _ in 0..<3 { server.health.noteFailure(now: 0) } }
    #expect(hosts(ring, 3) == ["a", "b", "a"])
  }

  @Test("keep their turn when the same ones are named again, and not when others or another first one are")
  func present() {
    let registry = ServerRegistry()
    let ring = registry.ring(["http://a", "http://b"], present: nil)
    #expect(registry.ring(["http://a", "http://b"], present: ring) === ring)
    #expect(registry.ring(["http://b", "http://a"], present: ring) !== ring)
    #expect(registry.ring(["http://a", "http://b"], first: 1, present: ring) !== ring)
  }
}

@Suite("The address of a server")
struct ServerAddressTests {
  @Test("is read from a URL")
  func parts() throws {
    let address = try #require(ServerAddress(" http://Orders.Internal:8080/base/x// "))
    #expect(!address.origin.isSecure && address.origin.host == "orders.internal" && address.origin.port == 8080)
    #expect(address.hostField == "Orders.Internal:8080")
    #expect(address.basePath == "/base/x")
  }

  @Test(
    "has the port of its scheme where it names none",
    arguments: [
      ("http://a", "a", 80), ("HTTPS://a/", "a", 443), ("https://a:8443", "a", 8443), ("http://127.0.0.1", "127.0.0.1", 80),
      ("http://[::1]:81/x", "::1", 81), ("http://[2001:DB8::1]", "2001:db8::1", 80), ("http://a:/", "a", 80),
    ])
  func ports(url: String, host: String, port: Int) throws {
    let origin = try #require(ServerAddress(url)).origin
    #expect(origin.host == host && origin.port == port)
    #expect(try #require(ServerAddress(url)).basePath == (url.hasSuffix("/x") ? "/x" : ""))
  }

  @Test(
    "is none of a text that is no URL of a server",
    arguments: [
      "", "a", "a:80", "//a", "http:a", "http:/a", "http://", "http:///x", "ftp://a", "grpc://a", "http://a:0",
      "http://a:65536", "http://a:x", "http://a:-1", "http://a:+1", "http://a:1:2", "http://::1", "http://[::1",
      "http://[]", "http://[::1]x", "http://u@a", "http://u:p@a", "http://a?b", "http://a/x?b", "http://a#b", "http://a b",
      "http://a\r\nX: y", "http://a\\b", "http://caf\u{E9}", "http://a\u{0}",
    ])
  func unreadable(url: String) {
    #expect(ServerAddress(url) == nil)
  }

  @Test("shares its origin with other paths of the same server, without regard to case")
  func origins() throws {
    #expect(ServerAddress("http://a")?.origin == ServerAddress("HTTP://A:80/x")?.origin)
    #expect(ServerAddress("http://a")?.origin != ServerAddress("https://a:80")?.origin)
    #expect(ServerAddress("http://a")?.origin != ServerAddress("http://a:81")?.origin)
  }
}
