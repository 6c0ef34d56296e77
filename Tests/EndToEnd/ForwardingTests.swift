import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("A change that reaches a task on standby")
struct ForwardingTests {
  @Test(
    "is made by the task that writes, and can be read at once where it was made",
    arguments: ["always", "interval"])
  func changes(mode: String) async throws {
    try await LinkedTasks.with(["MEM_JOURNAL": mode]) { tasks in
      for number in 0..<20 {
        let created = try tasks.add("g\(number)")
        #expect(created.status == 201, "\(created.text)")
        #expect(try tasks.has("g\(number)"))
        let changed = try tasks.send(
          "PUT", "/platform/group/g\(number)", ["group_description": .string("d\(number)")])
        #expect(changed.status == 200, "\(changed.text)")
        let read = try tasks.send("GET", "/platform/group/g\(number)")
        #expect(read.text.contains("d\(number)"))
      }
      #expect(try tasks.send("DELETE", "/platform/group/g7").status == 200)
      #expect(try !tasks.has("g7"))
      #expect(try !tasks.has("g7", tasks.writer) && tasks.has("g8", tasks.writer))
      let metrics = try tasks.standby.send("GET", "/metrics").text
      #expect(metrics.contains("gatehouse_peer_calls_total{result=\"answered\"} 41\n"), "\(metrics)")
      let readiness = try tasks.standby.send("GET", "/platform/monitor/readiness").json.object
      #expect(readiness?["reason"]?.string?.hasSuffix("; changes and dumps are handed to it") == true)
      for task in [tasks.standby, tasks.writer] { #expect(try task.stop() == 0) }
    }
  }

  @Test("is answered as the task that writes answers it: status, fields and body")
  func answers() async throws {
    try await LinkedTasks.with { tasks in
      #expect(try tasks.add("one").status == 201)
      #expect(try tasks.send("POST", "/platform/role", ["role_name": "reader"]).status == 201)
      let user: JSONValue = [
        "username": "reader", "email": "reader@example.com", "password": "Correct-Horse-Battery-7", "role": "reader",
        "active": true,
      ]
      #expect(try tasks.send("POST", "/platform/user", user).status == 201)
      let reader = try tasks.standby.logIn("reader@example.com", "Correct-Horse-Battery-7")
      let attempts: [(String, String, String?, JSONValue)] = [
        ("POST", "/platform/group", tasks.token, ["group_name": "one"]),
        ("POST", "/platform/group", tasks.token, ["group_nam": "one"]),
        ("POST", "/platform/group", tasks.token, ["group_name": 7]),
        ("PUT", "/platform/group/none", tasks.token, ["group_description": "d"]),
        ("DELETE", "/platform/group/none", tasks.token, [:]),
        ("POST", "/platform/group", reader, ["group_name": "two"]),
        ("POST", "/platform/group", nil, ["group_name": "two"]),
        ("POST", "/platform/group", "no.token.atall", ["group_name": "two"]),
        ("PUT", "/platform/security/settings", tasks.token, ["auto_save_frequency_seconds": 1]),
        ("POST", "/platform/memory/restore", tasks.token, ["path": "/etc/passwd"]),
      ]
      for (method, path, token, body) in attempts {
        let here = try tasks.standby.send(method, path, token: token, headers: ["X-Request-ID": "x-1"], json: body)
        let there = try tasks.writer.send(method, path, token: token, headers: ["X-Request-ID": "x-1"], json: body)
        #expect(here.status == there.status, "\(method) \(path) \(here.text) \(there.text)")
        #expect(here.text == there.text)
        let fields = { (answer: HTTPAnswer) in
          answer.headers.filter { $0.name != "date" }.map { "\($0.name): \($0.value)" }.sorted()
        }
        #expect(fields(here) == fields(there), "\(method) \(path)")
        #expect((400..<500).contains(here.status), "\(method) \(path) \(here.text)")
      }
    }
  }

  @Test("may be a dump or a restore, whose state is here at once", arguments: ["always", "interval"])
  func dumps(mode: String) async throws {
    try await LinkedTasks.with(["MEM_JOURNAL": mode]) { tasks in
      #expect(try tasks.add("before").status == 201)
      let dump = try tasks.send("POST", "/platform/memory/dump")
      #expect(dump.status == 200, "\(dump.text)")
      let path = try #require(dump.json.value(at: "response.path")?.string)
      #expect(try tasks.add("after").status == 201)
      let restored = try tasks.send("POST", "/platform/memory/restore", ["path": .string(path)])
      #expect(restored.status == 200, "\(restored.text)")
      #expect(try tasks.has("before") && !tasks.has("after"))
      #expect(try tasks.add("later").status == 201)
      #expect(try tasks.has("later") && tasks.has("later", tasks.writer))
      // A client that asks for this task gets its answer.
      let own = try tasks.standby.send(
        "POST", "/platform/memory/dump", token: tasks.token, headers: ["X-Gatehouse-Hand-On": "never"])
      #expect(own.status == 409 && own.code == "MEM007")
    }
  }

  @Test("is taken back by the log out, and a token of before is refused here at once")
  func revocation() async throws {
    try await LinkedTasks.with { tasks in
      let token = try tasks.standby.logIn()
      #expect(try tasks.standby.send("GET", "/platform/user/me", token: token).status == 200)
      #expect(try tasks.standby.send("POST", "/platform/authorization/invalidate", token: token).status == 200)
      #expect(try tasks.standby.send("GET", "/platform/user/me", token: token).status == 401)
      // A user whom the other task has just created can log in there, and makes changes here.
      let user: JSONValue = [
        "username": "fresh", "email": "fresh@example.com", "password": "Correct-Horse-Battery-7", "role": "admin",
        "active": true,
      ]
      #expect(try tasks.send("POST", "/platform/user", to: tasks.writer, user).status == 201)
      let fresh = try tasks.writer.logIn("fresh@example.com", "Correct-Horse-Battery-7")
      let before = try tasks.oldReads()
      let made = try tasks.standby.send("POST", "/platform/group", token: fresh, json: ["group_name": "fresh"])
      #expect(try made.status == 201 || tasks.oldReads() > before, "\(made.text)")
    }
  }

  @Test("passes a port that speaks TLS, and a link with a short key")
  func encrypted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let settings = ["MEM_ENCRYPTION_KEY": "a-short-key", "HANDOVER_WAIT": "30"]
      let certificate = try TestCertificate("first", in: root)
      let writer = try GatehouseProcess(dumps: dumps, certificate.settings.merging(settings) { $1 })
      defer { writer.signal(SIGKILL) }
      try writer.waitUntilListening()
      try writer.waitForLog("took the lease")
      try await withGatehouse(dumps: dumps, settings) { (standby: GatehouseProcess) async throws in
        // The task that writes sets the passwords of the environment a moment after its start.
        let token = try #require(eventually { try? standby.logIn() })
        let made = try standby.send("POST", "/platform/group", token: token, json: ["group_name": "one"])
        #expect(made.status == 201, "\(made.text)")
        #expect(try standby.send("GET", "/platform/group/one", token: token).status == 200)
      }
    }
  }

  @Test("waits while no task can take it, and succeeds after a crash of the one that wrote")
  func killed() async throws {
    try await LinkedTasks.with { tasks in
      #expect(try tasks.add("before").status == 201)
      tasks.writer.signal(SIGKILL)
      _ = try tasks.writer.waitForExit()
      let made = try tasks.add("during")
      #expect(made.status == 201, "\(made.text)\n\(tasks.standby.log)")
      #expect(try tasks.has("before") && tasks.has("during"))
      #expect(tasks.standby.logs("took over the lease"))
    }
  }

  @Test("is refused at once with HANDOVER_WAIT=0, and with a clear reason where the address is wrong")
  func wrongAddress() async throws {
    let closed = try RefusingPort()
    try await LinkedTasks.with(["ADVERTISE_ADDRESS": "127.0.0.1:\(closed.port)", "HANDOVER_WAIT": "0"]) { tasks in
      let refused = try tasks.add("one")
      #expect(refused.status == 503 && refused.code == "GTW504", "\(refused.text)")
      #expect(refused.text.contains("Nothing was changed") && refused.text.contains("can't be reached"))
      #expect(refused.header("retry-after") == "5")
      #expect(try !tasks.has("one", tasks.writer))
      #expect(tasks.standby.logs("check that its ADVERTISE_ADDRESS is right"))
      let metrics = try tasks.standby.send("GET", "/metrics").text
      #expect(metrics.contains(/gatehouse_peer_calls_total\{result="unreachable"\} [1-9]/))
    }
    withExtendedLifetime(closed) {}
  }

  @Test("is answered by a task that started from a dump behind which no journal has begun")
  func behindDump() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "generated")
      let writer = try GatehouseProcess(dumps: directory)
      defer { if writer.isRunning { writer.signal(SIGKILL) } }
      try writer.waitUntilReady()
      let token = try writer.logIn()
      #expect(try writer.send("POST", "/platform/group", token: token, json: ["group_name": "one"]).status == 201)
      #expect(try writer.send("POST", "/platform/memory/dump", token: token).status == 200)
      try await LinkedTasks.with(directory: directory, writer: writer, token: token) { tasks in
        let again = try tasks.add("one")
        #expect(again.status == 400, "\(again.text)")
        #expect(try tasks.send("POST", "/platform/memory/dump").status == 200)
        #expect(try tasks.add("two").status == 201)
        #expect(try tasks.has("two"))
        // A request that waited for what nobody writes would count as unread.
        #expect(try tasks.standby.send("GET", "/metrics").text.contains("peer_calls_total{result=\"unread\"} 0\n"))
      }
    }
  }

  @Test(
    "can be read at the task on standby at once, also when the task that writes answered it itself",
    arguments: ["always", "interval"])
  func readElsewhere(mode: String) async throws {
    try await LinkedTasks.with(["MEM_JOURNAL": mode]) { tasks in
      var next = 1
      try await untilUndisturbed { () async throws -> Bool in
        let before = try tasks.oldReads()
        for number in next..<next + 40 {
          #expect(try tasks.add("group-\(number)", to: tasks.writer).status == 201)
          #expect(try tasks.shows("group-\(number)"), "\(number)")
        }
        next += 40
        // Most reads find the other task and the volume quick.
        return try tasks.oldReads() < before + 20
      }
      #expect(try tasks.send("DELETE", "/platform/group/group-7", to: tasks.writer).status == 200)
      #expect(try tasks.shows("group-7", isThere: false))
      #expect(try tasks.writer.send("POST", "/platform/memory/dump", token: tasks.token).status == 200)
      #expect(try tasks.add("behind-the-dump", to: tasks.writer).status == 201)
      #expect(try tasks.shows("behind-the-dump"))
      let other = try tasks.writer.logIn()
      #expect(try tasks.writer.send("POST", "/platform/authorization/invalidate", token: other).status == 200)
      let before = try tasks.oldReads()
      let status = try tasks.standby.send("GET", "/platform/user/me", token: other).status
      #expect(try status == 401 || tasks.oldReads() > before)
    }
  }

  @Test("leaves reads at the task on standby answered while the task that writes is silent")
  func silentWriter() async throws {
    try await LinkedTasks.with { (tasks: LinkedTasks) async throws in
      #expect(try tasks.add("one").status == 201)
      tasks.writer.signal(SIGSTOP)
      defer { tasks.writer.signal(SIGCONT) }
      var quick = 0
      for _ in 0..<20 {
        let start = ContinuousClock.now
        #expect(try tasks.has("one"))
        if ContinuousClock.now - start < .milliseconds(500) { quick += 1 }
      }
      // A question that is not answered takes half a second. The reads behind it ask none for a second.
      #expect(quick > 5)
    }
  }

  @Test("is not taken from a server that is no task of the volume")
  func foreignServer() async throws {
    let server = try LoopbackServer { _ in .json("{}") }
    defer { server.stop() }
    try await LinkedTasks.with(["ADVERTISE_ADDRESS": "127.0.0.1:\(server.port)", "HANDOVER_WAIT": "0"]) { tasks in
      let refused = try tasks.add("one")
      #expect(refused.status == 503 && refused.text.contains("Nothing was changed"), "\(refused.text)")
      // Only hellos came, and nothing of the change.
      #expect(server.requests.allSatisfy { $0.path == "/platform/peers/call" })
      #expect(server.requests.allSatisfy { $0.body.range(of: Data("group".utf8)) == nil })
    }
  }

  @Test("does not go on from the task that it was handed to, and a captured message is refused when it comes again")
  func replay() async throws {
    let target = PortBox()
    let proxy = try LoopbackServer { request in
      do {
        let answer = try PeerCall.send(request.body, port: target.port)
        target.note(request.body)
        return .bytes(answer.status, Array(answer.body))
      } catch { return .close }
    }
    defer { proxy.stop() }
    try await LinkedTasks.with(["ADVERTISE_ADDRESS": "127.0.0.1:\(proxy.port)"]) { tasks in
      target.port = tasks.writer.port
      #expect(try tasks.add("one").status == 201)
      #expect(try tasks.send("DELETE", "/platform/group/one").status == 200)
      let messages = target.messages
      #expect(messages.count >= 3)
      for message in messages {
        let again = try PeerCall.send(message, port: tasks.writer.port)
        #expect(again.status == 403 && again.code == "GTW506", "\(again.text)")
        // The task on standby is not the one that it is for.
        #expect(try PeerCall.send(message, port: tasks.standby.port).status == 403)
        var changed = message
        changed[changed.count / 2] ^= 1
        #expect(try PeerCall.send(changed, port: tasks.writer.port).status == 403)
      }
      #expect(try !tasks.has("one", tasks.writer))
      #expect(tasks.writer.logs("a message of another task is refused"))
      for body in [Data(), Data("{}".utf8), Data(repeating: 0, count: 5000)] {
        #expect(try PeerCall.send(body, port: tasks.writer.port).status == 403)
      }
      #expect(try tasks.writer.send("GET", "/platform/peers/call").status == 404)
    }
  }
}

/// A port that becomes known later, and the messages that were answered there.
private final class PortBox: Sendable {
  private let value = Mutex(0)
  private let answered = Mutex<[Data]>([])
  var messages: [Data] { answered.withLock { $0 } }
  func note(_ message: Data) { answered.withLock { $0.append(message) } }
  var port: Int {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}

/// A message as another task sends it.
private enum PeerCall {
  static func send(_ message: Data, port: Int) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: port)
    let head =
      "POST /platform/peers/call HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(message.count)\r\n\r\n"
    try connection.send(Array(head.utf8) + message)
    return try connection.receive()
  }
}
