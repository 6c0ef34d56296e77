import HTTPAPI
import HTTPTypes
import Listener

extension Malformation {
  /// The answer. The connection can't be used after it, since nobody knows where the next request begins.
  var error: APIError { APIError(status, "GTW\(status)", sentence, headers: [.connection: "close"]) }
}
