import DocumentStore
import HashTreeCollections
import JSON
import Model

/// All that the data plane needs of the state at one moment, compiled. It is immutable; a change makes the next table.
final class GatewayTable: Sendable {
  struct Key: Hashable, Sendable {
    let name: UTF8Key
    let version: UTF8Key

    init(_ name: String, _ version: String) {
      self.name = UTF8Key(name)
      self.version = UTF8Key(version)
    }
  }

  /// The parts that change on their own.
  struct Parts: Sendable {
    var model: ModelVersion
    var apis = TreeDictionary<Key, APIPlan>()
    var routings = TreeDictionary<UTF8Key, ServerRing>()
    /// The numbers of APIs, by `name/version`.
    var apiNumbers = NameNumbers()
    var groupNumbers = NameNumbers()
    /// The number of documents that were decoded for this table and for those that it was made from.
    private(set) var decodings = 0

    init(model: ModelVersion) {
      self.model = model
    }

    /// Puts an API in its place, or takes it out. The names of the one that was there are given back.
    mutating func replace(_ key: Key, by plan: APIPlan?) {
      let previous = apis[key]
      apis[key] = plan
      if let previous {
        apiNumbers.giveBack(previous.label)
        for group in previous.record.allowedGroups { groupNumbers.giveBack(group) }
      }
    }

    /// Looks at every list of servers that takes turns.
    func forEachRing(_ body: (ServerRing) -> Void) {
      for ring in routings.values { body(ring) }
      for api in apis.values {
        body(api.servers)
        api.endpoints.forEach { if let servers = $0.servers { body(servers) } }
      }
    }

    mutating func decode<Record: StoredRecord>(_ document: Document, as type: Record.Type) -> Record {
      decodings += 1
      return Record(document)
    }
  }

  let parts: Parts
  /// Whether every address may call the server.
  let isOpen: Bool
  /// The proxies whose fields count.
  let trustedProxies: [AddressRange]
  /// It differs from that of every other table.
  let generation: UInt64

  init(_ parts: Parts, generation: UInt64) {
    self.parts = parts
    let addresses = parts.model.settings.addresses
    (isOpen, trustedProxies) = (addresses.isOpen, addresses.trustedProxies)
    self.generation = generation
  }

  var model: ModelVersion { parts.model }

  /// A document without its key decodes to an empty one, which never counts.
  func api(_ name: String, _ version: String) -> APIPlan? {
    name.isEmpty || version.isEmpty ? nil : parts.apis[Key(name, version)]
  }

  func routing(_ clientKey: String) -> ServerRing? { clientKey.isEmpty ? nil : parts.routings[UTF8Key(clientKey)] }
}
