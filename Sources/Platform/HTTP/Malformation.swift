import HTTPAPI
import HTTPTypes
import Listener

extension Malformation {
  /// The answer. The connection can't be used after it, since nobody knows where the next request begins.
  var error: APIError {
    var headers: HTTPFields = [.connection: "close"]
    if status == 405 { headers[.allow] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" }
    return APIError(status, status < 500 ? "GTW400" : "GTW501", sentence, headers: headers)
  }
}
