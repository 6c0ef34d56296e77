import Clocks
import Foundation
import HTTPClient
import JSON
import Logging
import Synchronization
import TestSupport
import Testing
import Threads

@testable import Sidecar

@Suite("The ECS task")
struct TaskWatchTests {
  private let metrics = SidecarMetrics()

  private func watch(_ server: LoopbackServer, protects: Bool = false) -> TaskWatch {
    let watch = TaskWatch(
      .init(metadata: "\(server.url)/v4/abc", agent: server.url, protectsTask: protects),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics)
    watch.start { try HTTPClient(.init(userAgent: "test")) }
    return watch
  }

  @Test("is seen to stop before a signal comes, through an endpoint that fails at first")
  func stopping() throws {
    let server = try LoopbackServer { request in
      guard request.path == "/v4/abc/task" else { return .status(404) }
      return .status(500)
    }
    let failing = watch(server)
    #expect(eventually { server.requests.count >= 2 ? true : nil } == true)
    #expect(!failing.stopping.wait(until: Deadline(in: .zero)))
    let stopped = try LoopbackServer { _ in
      .json(#"{"DesiredStatus":"STOPPED","KnownStatus":"RUNNING","Containers":[{"Name":"x"}]}"#)
    }
    #expect(watch(stopped).stopping.wait(until: Deadline(in: .seconds(20))))
    let running = try LoopbackServer { _ in .json(#"{"DesiredStatus":"RUNNING","KnownStatus":"RUNNING"}"#) }
    let calm = watch(running)
    #expect(eventually { running.requests.count >= 2 ? true : nil } == true)
    #expect(!calm.stopping.wait(until: Deadline(in: .zero)))
  }

  @Test("is protected while something is at work, and not any longer, in exactly the fields that ECS takes")
  func protection() throws {
    let server = try LoopbackServer { request in
      request.method == "PUT" ? .json(#"{"protection":{}}"#) : .json(#"{"DesiredStatus":"RUNNING"}"#)
    }
    let watch = watch(server, protects: true)
    let puts = { server.requests.filter { $0.method == "PUT" }.map { String(decoding: $0.body, as: UTF8.self) } }
    watch.protect(true)
    #expect(eventually { puts().count == 1 ? true : nil } == true)
    watch.protect(false)
    #expect(eventually { puts().count == 2 ? true : nil } == true)
    #expect(puts() == [#"{"ProtectionEnabled":true,"ExpiresInMinutes":10}"#, #"{"ProtectionEnabled":false}"#])
    #expect(server.requests.first { $0.method == "PUT" }?.path == "/task-protection/v1/state")
  }

  @Test("whose role may not protect it is not asked again and again")
  func refused() throws {
    let server = try LoopbackServer { $0.method == "PUT" ? .status(403) : .json(#"{"DesiredStatus":"RUNNING"}"#) }
    let watch = watch(server, protects: true)
    watch.protect(true)
    #expect(eventually { server.requests.count { $0.method == "GET" } >= 3 ? true : nil } == true)
    #expect(server.requests.count { $0.method == "PUT" } == 1)
  }

  @Test("is watched though there was no HTTP client at first, and that is counted")
  func noClientAtFirst() throws {
    let server = try LoopbackServer { _ in .json(#"{"DesiredStatus":"STOPPED"}"#) }
    let watch = TaskWatch(
      .init(metadata: server.url, agent: nil, protectsTask: false),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics)
    let tries = Mutex(0)
    watch.start {
      let number = tries.withLock { count in
        count += 1
        return count
      }
      guard number > 1 else { throw HTTPClientError(.unusable, "no memory") }
      return try HTTPClient(.init(userAgent: "test"))
    }
    #expect(watch.stopping.wait(until: Deadline(in: .seconds(20))))
    #expect(metrics.snapshot.failures[.httpClient] == 1)
  }

  @Test("whose metadata can't be had is counted")
  func metadataFails() throws {
    let server = try LoopbackServer { _ in .status(500) }
    _ = watch(server)
    #expect(eventually { metrics.snapshot.failures[.ecsMetadata] } != nil)
  }

  @Test("outside ECS is not there, and nothing is asked")
  func outside() {
    let watch = TaskWatch(
      .init(metadata: nil, agent: "http://127.0.0.1:1", protectsTask: false),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics)
    #expect(!watch.isNeeded)
  }
}
