import JSON
import Model
import Synchronization

/// Every server that a table has named, once for each URL, so that its health outlives the tables.
final class ServerRegistry: Sendable {
  private struct State {
    var servers: [UTF8Key: UpstreamServer] = [:]
    var origins: [ServerAddress.Origin: Int] = [:]
  }

  private let state = Mutex(State())

  /// The server of a URL, or `nil` when the URL can't be read.
  func server(_ url: String) -> UpstreamServer? {
    let key = UTF8Key(url)
    return state.withLock { state in
      if let server = state.servers[key] { return server }
      guard let address = ServerAddress(url) else { return nil }
      let number = state.origins[address.origin] ?? state.origins.count
      state.origins[address.origin] = number
      let server = UpstreamServer(address, originNumber: number)
      state.servers[key] = server
      return server
    }
  }

  /// A ring of servers. The present one stays, with its turn, when it has the same servers and the same first one.
  func ring(_ urls: [String], first: Int = 0, present: ServerRing?) -> ServerRing {
    if let present, present.first == first, present.urls.elementsEqual(urls, by: { $0.hasSameBytes(as: $1) }) {
      return present
    }
    return ServerRing(urls, first: first, servers: urls.compactMap(server))
  }
}
