import Logging
import Synchronization
import TestSupport
import Testing
import Threads

@testable import GatehouseServer

/// Keeps the lines of a log.
private struct Lines: LogHandler {
  final class Store: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    /// The number of lines that have a text.
    func count(of text: String) -> Int { lines.withLock { lines in lines.count { $0.contains(text) } } }
  }

  let store: Store
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { store.append("\(event.level) \(event.message)") }
}

/// A file whose writes hang until they are let on, or fail.
private final class SickFile: Sendable {
  struct Failure: Error {}

  private let content = Mutex<[UInt8]>([])
  private let written = Mutex<[[UInt8]]>([])
  private let begun = Mutex(0)
  private let fails = Mutex(false)
  /// The number of writes that may go on.
  private let permits = Mutex(0)

  /// The number of writes that have begun.
  var writes: Int { begun.withLock { $0 } }
  /// The last content that was written.
  var last: [UInt8]? { written.withLock { $0.last } }

  func count(_ use: [UInt8]) { content.withLock { $0 = use } }
  func present() -> [UInt8] { content.withLock { $0 } }
  func letOn(_ count: Int = 1) { permits.withLock { $0 += count } }
  func fail(_ isFailing: Bool) { fails.withLock { $0 = isFailing } }

  func write(_ bytes: [UInt8]) throws {
    begun.withLock { $0 += 1 }
    _ = eventually { () -> Bool? in takePermit() ? true : nil }
    if fails.withLock({ $0 }) { throw Failure() }
    written.withLock { $0.append(bytes) }
  }

  private func takePermit() -> Bool {
    permits.withLock { permits in
      guard permits > 0 else { return false }
      permits -= 1
      return true
    }
  }
}

@Suite("Saves of the use of limits")
struct LimitSaveTests {
  private let file = SickFile()
  private let lines = Lines.Store()

  private func saves(silence: Duration = .seconds(3600)) -> LimitSaves {
    let (file, lines) = (file, lines)
    return LimitSaves(
      on: Worker(), silence: silence, logger: Logger(label: "test") { _ in Lines(store: lines) },
      content: { file.present() }, write: { try file.write($0) })
  }

  @Test("may take as long as they need, while a stop does not wait for them")
  func slow() async {
    let saves = saves()
    file.count([1])
    let periodic = Task { await saves.save() }
    #expect(await eventuallyTrue { file.writes == 1 })
    await saves.save(within: .zero)
    #expect(lines.count(of: "warning the use of limits can't be saved in time") == 1)
    // The stop's save comes behind the other one.
    file.letOn(2)
    await periodic.value
    #expect(file.last == [1])
    #expect(lines.count(of: "Check the volume") == 0)
    #expect(lines.count(of: "can be saved again") == 0)
  }

  @Test("that hang are logged once, and go on when the volume is back")
  func hanging() async {
    let saves = saves(silence: .zero)
    file.count([1])
    let periodic = Task { await saves.save() }
    #expect(await eventuallyTrue { lines.count(of: "warning the use of limits can't be saved: ") == 1 })
    #expect(file.last == nil)
    file.letOn()
    await periodic.value
    #expect(file.last == [1])
    #expect(lines.count(of: "the use of limits can be saved again") == 1)
    #expect(lines.count(of: "warning the use of limits can't be saved: ") == 1)
  }

  @Test("that fail are logged once, and made again until one succeeds")
  func failing() async {
    let saves = saves()
    file.count([1])
    file.fail(true)
    file.letOn(3)
    await saves.save()
    await saves.save()
    #expect(file.writes == 2)
    #expect(lines.count(of: "warning the use of limits can't be saved: ") == 1)
    file.fail(false)
    await saves.save()
    #expect(file.last == [1])
    #expect(lines.count(of: "the use of limits can be saved again") == 1)
  }

  @Test("are made only when something has changed")
  func unchanged() async {
    let saves = saves()
    file.letOn(2)
    await saves.save()
    #expect(file.writes == 0)
    file.count([1])
    await saves.save()
    await saves.save(within: .seconds(60))
    #expect(file.writes == 1)
    file.count([2])
    await saves.save()
    #expect(file.writes == 2 && file.last == [2])
  }
}
