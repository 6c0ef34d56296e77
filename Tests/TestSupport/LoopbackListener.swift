import Foundation
import Glibc

/// A listening socket on loopback, on a port that the system chooses.
struct LoopbackListener {
  let descriptor: Int32
  let port: Int

  /// - Parameter backlog: one less than the number of connections that the kernel completes before any is accepted.
  init(backlog: Int32) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, backlog) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw HTTPFailure(description: "listen: \(String(cString: strerror(errno)))") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  /// Accepts connections on a thread of its own until `stop`, and then closes the socket. No other thread closes it:
  /// until the accepting thread has seen the end, the descriptor's number must not become that of another socket.
  func acceptAll(_ take: @escaping @Sendable (Int32) -> Void) {
    let descriptor = descriptor
    Thread.detachNewThread {
      while true {
        let connection = accept(descriptor, nil, nil)
        if connection >= 0 {
          take(connection)
        } else if errno == EINVAL {
          break
        } else {
          // A connection that its client gave up, or a process without free descriptors: the next one may succeed.
          usleep(1000)
        }
      }
      close(descriptor)
    }
  }

  /// Refuses connections from now on.
  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// An address on loopback.
  static func address(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
  }
}

/// A port on loopback whose queue of connections is full. The kernel drops further connections, as if the host were
/// unreachable.
package final class FullPort: Sendable {
  /// The port.
  package let port: Int
  private let descriptors: [Int32]

  /// Fills the queue of a new listening socket.
  package init() throws {
    let listener = try LoopbackListener(backlog: 0)
    port = listener.port
    var address = LoopbackListener.address(port: listener.port)
    let clients = (0..<8).map { _ in
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
      _ = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return client
    }
    descriptors = clients + [listener.descriptor]
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }
}
