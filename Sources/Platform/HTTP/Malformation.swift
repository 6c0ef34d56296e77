import HTTPTypes
import Listener
import Model
import Resources

extension Malformation {
  /// The answer. The connection can't be used after it, since nobody knows where the next request begins.
  var refusal: RefusalWithFields {
    RefusalWithFields(refusal: Refusal(status, "GTW\(status)", sentence), fields: [.connection: "close"])
  }
}
