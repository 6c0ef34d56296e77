import HTTPAPI
package import JSON
import Model

/// Doorman's side file: security settings as JSON, for a store that has none.
package struct SideFile: Sendable {
  /// The security settings in the file, each of the right type.
  package let settings: JSONObject

  /// The reason why a text is no side file.
  package enum Fault: Error, Sendable, CustomStringConvertible {
    /// The text is no JSON object.
    case notJSON(JSONError)
    /// Fields have unsuitable values. Each fault is a sentence with the field and what it takes.
    case fields([String])

    package var description: String {
      switch self {
      case .notJSON(let error): "is no JSON object (\(error))"
      case .fields(let faults): "has fields that are no security settings (\(faults.joined(separator: "; ")))"
      }
    }
  }

  /// Reads the text of a file. Fields that are null or unknown count as absent.
  package init(_ text: [UInt8]) throws(Fault) {
    let object: JSONObject
    do {
      object = try JSONParser().parseObject(text)
    } catch {
      throw .notJSON(error)
    }
    do throws(BodyFaults) {
      settings = try SecuritySettings.body.check(.object(object)).changes
    } catch {
      throw .fields(error.faults)
    }
    let faults = SecuritySettings(document: settings).addresses.faults
    guard faults.isEmpty else { throw .fields(faults) }
  }
}
