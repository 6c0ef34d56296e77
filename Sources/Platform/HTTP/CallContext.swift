package import Hummingbird
package import Listener
import Logging
package import Model
import NIOCore

/// The facts about a request that are not in its bytes.
package struct CallContext: RequestContext {
  /// The storage that Hummingbird needs.
  package var coreContext: CoreRequestContextStorage
  /// Whether the request came too late, or can't be taken as HTTP.
  package var standing = RequestStanding()
  /// The other end of the connection.
  package var client: NetworkAddress?
  /// Whether another task handed the request on.
  var isFromPeer = false

  /// A request that is taken, from an address that is not known.
  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
  }
}
