import JSON
import Model
import Synchronization

/// The servers that tables name, once for each URL, so that all tables share a server's health. A server that no table
/// names any more, and no call uses, is forgotten.
final class ServerRegistry: Sendable {
  private struct WeakServer {
    weak var place: RegisteredServer?
  }

  private struct WeakOrigin {
    weak var origin: UpstreamOrigin?
  }

  private struct State {
    var servers: [UTF8Key: WeakServer] = [:]
    var origins: [ServerAddress.Origin: WeakOrigin] = [:]
    var newestNumber = 0
    /// The number of servers at which forgotten ones are looked for.
    var bound = ServerRegistry.leastBound
  }

  private static let leastBound = 64
  private let state = Mutex(State())

  /// The number of URLs that are kept, those of forgotten servers included.
  var count: Int { state.withLock { $0.servers.count } }

  /// The server of a URL, or `nil` when the URL can't be read.
  func server(_ url: String) -> RegisteredServer? {
    let key = UTF8Key(url)
    return state.withLock { state in
      if let place = state.servers[key]?.place { return place }
      guard let address = ServerAddress(url) else { return nil }
      if state.servers.count >= state.bound { Self.forget(&state) }
      let place = RegisteredServer(UpstreamServer(address, Self.origin(address.origin, &state)))
      state.servers[key] = WeakServer(place: place)
      return place
    }
  }

  private static func origin(_ address: ServerAddress.Origin, _ state: inout State) -> UpstreamOrigin {
    if let origin = state.origins[address]?.origin { return origin }
    state.newestNumber += 1
    let origin = UpstreamOrigin(address, number: state.newestNumber)
    state.origins[address] = WeakOrigin(origin: origin)
    return origin
  }

  private static func forget(_ state: inout State) {
    state.servers = state.servers.filter { $0.value.place != nil }
    state.origins = state.origins.filter { $0.value.origin != nil }
    state.bound = max(leastBound, state.servers.count * 2)
  }

  /// A ring of servers. The present one stays, with its turn, when it has the same servers and the same first one.
  func ring(_ urls: [String], first: Int = 0, present: ServerRing?) -> ServerRing {
    if let present, present.first == first, present.has(urls) {
      return present
    }
    return ServerRing(urls, first: first, places: urls.compactMap(server))
  }
}

/// A server's place in the registry, which it has while a table or a call holds this.
///
/// The registry refers weakly to this and not to the server itself: each use of an object that has weak references is
/// slow, and calls use servers.
final class RegisteredServer: Sendable {
  let server: UpstreamServer

  init(_ server: UpstreamServer) { self.server = server }
}
