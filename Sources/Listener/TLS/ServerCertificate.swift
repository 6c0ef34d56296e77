import NIOCore
import NIOSSL
import Synchronization

/// The certificate of the port, which new connections get. It can be replaced while the port is open.
package final class ServerCertificate: Sendable {
  /// A certificate with its chain, and its key, as PEM text.
  package struct Text: Sendable {
    /// The certificate first, then those that lead to the root.
    package let chain: String
    /// The key of the first certificate.
    package let key: String

    /// A certificate and its key.
    package init(chain: String, key: String) {
      self.chain = chain
      self.key = key
    }
  }

  /// The fault of a certificate or its key, as words that follow the file's name.
  package enum Fault: Error, Sendable, Equatable {
    case chain(String)
    case key(String)

    /// The words.
    package var sentence: String {
      switch self {
      case .chain(let sentence), .key(let sentence): sentence
      }
    }
  }

  private struct Current {
    let context: NIOSSLContext
    let end: Int
  }

  /// A client that does not say goodbye is not waited for any longer.
  private static let farewell = TimeAmount.seconds(1)

  private let current: Mutex<Current>

  /// A certificate from its PEM text.
  package init(_ text: Text) throws(Fault) {
    current = Mutex(try Self.load(text))
  }

  /// The end of the certificate's validity in seconds since 1970.
  package var end: Int { current.withLock { $0.end } }

  /// Replaces the certificate for connections that begin from now on. With a fault, the present one stays.
  package func replace(with text: Text) throws(Fault) {
    let new = try Self.load(text)
    current.withLock { $0 = new }
  }

  /// The handler that decrypts and encrypts a connection.
  func handler() -> NIOSSLServerHandler {
    NIOSSLServerHandler(context: current.withLock { $0.context })
  }

  private static func load(_ text: Text) throws(Fault) -> Current {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMBytes(Array(text.chain.utf8))
    } catch {
      throw Fault.chain("has no valid certificate in PEM")
    }
    guard let leaf = chain.first else { throw Fault.chain("has no certificate in PEM") }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(bytes: Array(text.key.utf8), format: .pem)
    } catch {
      throw Fault.key("has no key in PEM that can be read without a passphrase")
    }
    do {
      return Current(context: try NIOSSLContext(configuration: configuration(chain, key)), end: Int(leaf.notValidAfter))
    } catch {
      throw Fault.key("has a key that does not fit the certificate, or that TLS does not take")
    }
  }

  /// TLS 1.3 has its own ciphers. Those of 1.2 all have forward secrecy and authenticated encryption, as RFC 9325
  /// recommends.
  private static func configuration(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuiteValues = [
      .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = farewell
    return configuration
  }
}

extension Channel {
  /// Closes a connection without waiting for a client that does not end TLS.
  func closeAtOnce() {
    guard eventLoop.inEventLoop else { return eventLoop.execute { self.closeAtOnce() } }
    do {
      // The context's close passes only the handlers between it and the socket.
      try pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self).close(promise: nil)
    } catch {
      close(promise: nil)
    }
  }
}

extension ChannelHandlerContext {
  /// Closes the connection without a farewell of TLS, which waits for the client and says that all was sent. A handler
  /// uses this to close its own connection: of its pipeline, only the handlers before it are passed.
  func closeAtOnce(promise: EventLoopPromise<Void>?) {
    do {
      try pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self).close(promise: promise)
    } catch {
      close(promise: promise)
    }
  }
}
