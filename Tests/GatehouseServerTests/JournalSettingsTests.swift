import Persistence
import Testing

@testable import GatehouseServer

@Suite("The settings of the journal")
struct JournalSettingsTests {
  private func mode(_ changes: [String: String]) throws -> Journal.Mode? {
    try Configuration.load(ConfigurationTests.secrets.merging(changes) { $1 }, descriptors: 20_000) { _ in "" }
      .memory.journal
  }

  @Test("have each change on the volume before its answer, unless they say otherwise")
  func modes() throws {
    #expect(try mode([:]) == Journal.Mode.always)
    #expect(try mode(["MEM_JOURNAL": "interval"]) == Journal.Mode.interval(.seconds(1)))
    let both = ["MEM_JOURNAL": "interval", "MEM_JOURNAL_INTERVAL": "7"]
    #expect(try mode(both) == Journal.Mode.interval(.seconds(7)))
    #expect(try mode(["MEM_JOURNAL_INTERVAL": "7"]) == Journal.Mode.always)
    #expect(try mode(["MEM_JOURNAL": "off"]) == nil)
  }
}
