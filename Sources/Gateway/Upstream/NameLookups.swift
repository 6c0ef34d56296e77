import Glibc
import JSON
import NIOCore
import NIOPosix
import Synchronization

/// Finds the addresses of servers by their names.
///
/// The system's lookup blocks its thread for as long as name servers take, which may be many seconds. So lookups have
/// threads of their own, and all that ask for a name meanwhile share one lookup. A name that hangs takes one thread,
/// and no connection to another server waits for it.
final class NameLookups: Sendable {
  private struct Key: Hashable {
    let host: UTF8Key
    let port: Int
  }

  /// The names that may hang at once while others are found.
  private static let threadCount = 16

  /// Those of this process. Its threads start with the first lookup, and never end.
  static let ofProcess = NameLookups()

  private let threads = NIOThreadPool(numberOfThreads: NameLookups.threadCount)
  private let pending = Mutex<[Key: EventLoopFuture<[SocketAddress]>]>([:])

  private init() { threads.start() }

  /// The addresses of a name now, of IPv4 and IPv6, in the order in which they are to be tried.
  ///
  /// - Parameter eventLoop: of the answer.
  func addresses(of host: String, port: Int, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
    let key = Key(host: UTF8Key(host), port: port)
    let (found, isNew) = pending.withLock { pending in
      if let found = pending[key] { return (found, false) }
      let found = threads.runIfActive(eventLoop: eventLoop) { try Self.lookUp(host, port) }
      pending[key] = found
      return (found, true)
    }
    if isNew { found.whenComplete { _ in self.pending.withLock { $0[key] = nil } } }
    return found.hop(to: eventLoop)
  }

  private static func lookUp(_ host: String, _ port: Int) throws -> [SocketAddress] {
    var hints = addrinfo()
    (hints.ai_socktype, hints.ai_protocol) = (Int32(SOCK_STREAM.rawValue), Int32(IPPROTO_TCP))
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &first)
    guard code == 0 else { throw NameFault(host: host, reason: String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(first) }
    var addresses: [SocketAddress] = []
    var next = first
    while let info = next?.pointee {
      if let address = info.ai_addr {
        switch info.ai_family {
        case AF_INET:
          addresses.append(SocketAddress(UnsafeRawPointer(address).load(as: sockaddr_in.self), host: host))
        case AF_INET6:
          addresses.append(SocketAddress(UnsafeRawPointer(address).load(as: sockaddr_in6.self), host: host))
        default: break
        }
      }
      next = info.ai_next
    }
    return addresses
  }
}

/// The system found no address of a name.
struct NameFault: Error {
  let host: String
  let reason: String
}

/// The addresses of one lookup, for a connection that tries them all (RFC 8305).
struct FoundAddresses: Resolver, Sendable {
  let all: EventLoopFuture<[SocketAddress]>

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    all.map { $0.filter { $0.protocol == .inet } }
  }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    all.map { $0.filter { $0.protocol == .inet6 } }
  }

  /// The system can't be told.
  func cancelQueries() {}
}
