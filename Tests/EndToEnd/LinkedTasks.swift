import Foundation
import Glibc
import JSON
import TestSupport

/// Two tasks on one directory: one writes, and the other hands changes to it.
struct LinkedTasks {
  let directory: URL
  let writer: GatehouseProcess
  let standby: GatehouseProcess
  /// The first user's token. Both tasks have the key of tokens.
  let token: String

  /// A change waits for a take-over longer than usual, as a busy machine needs longer for it.
  private static let patience = ["HANDOVER_WAIT": "30"]

  init(_ directory: URL, _ settings: [String: String] = [:], standby others: [String: String] = [:]) throws {
    self.directory = directory
    let settings = Self.patience.merging(settings) { $1 }
    writer = try GatehouseProcess(dumps: directory, settings)
    try writer.waitUntilReady()
    token = try writer.logIn()
    standby = try GatehouseProcess(dumps: directory, settings.merging(others) { $1 })
    try standby.waitUntilReady()
  }

  private init(_ directory: URL, writer: GatehouseProcess, token: String) throws {
    (self.directory, self.writer, self.token) = (directory, writer, token)
    standby = try GatehouseProcess(dumps: directory, Self.patience)
    try standby.waitUntilReady()
  }

  func send(
    _ method: String, _ path: String, to task: GatehouseProcess? = nil, _ json: JSONValue? = nil
  ) throws -> HTTPAnswer {
    let task = task ?? standby
    guard let json else { return try task.send(method, path, token: token) }
    return try task.send(method, path, token: token, json: json)
  }

  func add(_ name: String, to task: GatehouseProcess? = nil) throws -> HTTPAnswer {
    try send("POST", "/platform/group", to: task, ["group_name": .string(name)])
  }

  func has(_ name: String, _ task: GatehouseProcess? = nil) throws -> Bool {
    try send("GET", "/platform/group/\(name)", to: task).status == 200
  }

  /// The number of reads that the task on standby answered before it had all that its clients could know. On a busy
  /// machine the wait of a read may end before that.
  func oldReads() throws -> Int {
    guard let count = try standby.samples()[#"gatehouse_peer_calls_total{result="old"}"#] else {
      throw HTTPFailure(description: "the metrics do not count old reads")
    }
    return Int(count)
  }

  /// Whether a read at the task on standby shows a group at once, or none of that name, or is counted as an old one.
  func shows(_ name: String, isThere: Bool = true) throws -> Bool {
    let before = try oldReads()
    return try has(name, standby) == isThere || oldReads() > before
  }

  /// Adds a standby to a task that writes.
  static func with(
    directory: URL, writer: GatehouseProcess, token: String, _ body: (LinkedTasks) throws -> Void
  ) async throws {
    let tasks = try LinkedTasks(directory, writer: writer, token: token)
    defer { if tasks.standby.isRunning { tasks.standby.signal(SIGKILL) } }
    try body(tasks)
  }

  static func with(
    _ settings: [String: String] = [:], standby others: [String: String] = [:],
    _ body: (LinkedTasks) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let tasks = try LinkedTasks(root.appending(path: "generated"), settings, standby: others)
      defer {
        for task in [tasks.writer, tasks.standby] where task.isRunning { task.signal(SIGKILL) }
      }
      try await body(tasks)
    }
  }
}
