package import Hummingbird
import Logging
package import NIOCore

/// What Hummingbird knows of a request's connection.
package struct CallContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The other end of the connection.
  package let remoteAddress: SocketAddress?

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}
