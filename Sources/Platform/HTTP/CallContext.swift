package import Hummingbird
import Logging
package import NIOCore

/// The connection of a request, as Hummingbird hands it over.
package struct CallContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The other end of the connection.
  package let remoteAddress: SocketAddress?

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}
