import NIOCore
import NIOSSL
import Synchronization

/// The certificates by which servers are verified whose URLs begin with `https`.
package final class ServerTrust: Sendable {
  private enum State: Sendable {
    /// The system's certificates, which nobody needed yet.
    case unread
    case ready(NIOSSLContext)
  }

  private let state: Mutex<State>

  /// The certificates of the system. They are read when the first connection needs them.
  package init() {
    state = Mutex(.unread)
  }

  /// The certificates of a file, in PEM.
  ///
  /// - Throws: when the file can't be read, or has no certificate.
  package init(file: String) throws {
    // The library finds no fault in a file without a certificate.
    guard try !NIOSSLCertificate.fromPEMFile(file).isEmpty else { throw NIOSSLError.noCertificateToValidate }
    state = Mutex(.ready(try Self.context(.file(file))))
  }

  /// The handler of a connection to a server.
  ///
  /// - Parameter host: a name or an address; the server's certificate must be for it.
  func handler(for host: String) throws -> NIOSSLClientHandler {
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: try context(), serverHostname: isAddress ? nil : host)
  }

  private func context() throws -> NIOSSLContext {
    try state.withLock { state in
      if case .ready(let context) = state { return context }
      let context = try Self.context(.default)
      state = .ready(context)
      return context
    }
  }

  private static func context(_ roots: NIOSSLTrustRoots) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = roots
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    return try NIOSSLContext(configuration: configuration)
  }
}
