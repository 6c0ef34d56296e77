import Foundation
import Glibc
import Threads

/// Clients on loopback that keep connections open and replace each one that the server closes. A single thread serves
/// all of them.
package final class ConnectionFlood: Sendable {
  private struct State {
    var isStopped = false
    var opened = 0
    var hasEnded = false
  }

  private let state = Lock(State())

  /// - Parameters:
  ///   - count: the number of connections that are kept open.
  ///   - bytes: the bytes that each connection sends once it is open.
  ///   - source: the address that the connections come from.
  package init(port: Int, count: Int, sending bytes: [UInt8] = [], from source: String = "127.0.0.1") {
    let thread = Thread { [self] in
      Clients(port: port, count: count, bytes: bytes, source: source).run { opened in
        state.withLock { state in
          state.opened += opened
          return !state.isStopped
        }
      }
      state.withLock { $0.hasEnded = true }
    }
    thread.start()
  }

  /// The number of connections that were opened so far.
  package var opened: Int { state.withLock { $0.opened } }

  /// Closes all connections and waits for the thread to end.
  package func stop() {
    state.withLock { $0.isStopped = true }
    _ = eventually { state.withLock { $0.hasEnded } ? true : nil }
  }
}

/// The sockets of a flood.
private struct Clients {
  let port: Int
  let bytes: [UInt8]
  let source: String
  private var sockets: [pollfd]
  private var hasSent: [Bool]

  init(port: Int, count: Int, bytes: [UInt8], source: String) {
    self.port = port
    self.bytes = bytes
    self.source = source
    sockets = Array(repeating: pollfd(fd: -1, events: 0, revents: 0), count: count)
    hasSent = Array(repeating: bytes.isEmpty, count: count)
  }

  /// - Parameter report: receives the number of connections opened, and returns whether to continue.
  consuming func run(_ report: (Int) -> Bool) {
    var opened = 0
    while report(opened) {
      opened = 0
      for index in sockets.indices where sockets[index].fd < 0 {
        sockets[index].fd = open()
        hasSent[index] = bytes.isEmpty
        sockets[index].events = Int16(POLLIN | (bytes.isEmpty ? 0 : POLLOUT))
        if sockets[index].fd >= 0 { opened += 1 }
      }
      guard poll(&sockets, nfds_t(sockets.count), 20) > 0 else { continue }
      for index in sockets.indices where sockets[index].revents != 0 { serve(index) }
    }
    for socket in sockets where socket.fd >= 0 { close(socket.fd) }
  }

  private mutating func serve(_ index: Int) {
    let events = Int32(sockets[index].revents)
    if events & POLLOUT != 0, !hasSent[index] {
      _ = bytes.withUnsafeBytes { send(sockets[index].fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      hasSent[index] = true
      sockets[index].events = Int16(POLLIN)
    }
    guard events & (POLLIN | POLLHUP | POLLERR) != 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(sockets[index].fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count > 0 || (count < 0 && errno == EAGAIN) { return }
    close(sockets[index].fd)
    sockets[index].fd = -1
  }

  /// - Returns: a socket that is connecting, or -1.
  private func open() -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return -1 }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, source, &address.sin_addr)
    let bound = withSocketAddress(&address) { bind(descriptor, $0, $1) }
    address.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    let connected = withSocketAddress(&address) { connect(descriptor, $0, $1) }
    guard bound == 0, connected == 0 || errno == EINPROGRESS else {
      close(descriptor)
      return -1
    }
    return descriptor
  }

  private func withSocketAddress(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
