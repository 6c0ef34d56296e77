import CCurl
import Glibc

/// Why there is no answer.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of an error.
  package enum Code: String, Sendable {
    /// Nobody listens there, the name leads nowhere, or the host does not answer.
    case cannotConnect
    /// The connection ended before the answer did.
    case brokenOff
    /// The deadline passed.
    case timedOut
    /// The other end could not show that it is who it should be.
    case untrusted
    /// The answer is larger than the request allows.
    case tooLarge
    /// The caller wanted no answer any more.
    case interrupted
    /// The request can't be made: an address that is none, a file that can't be read.
    case unusable
    case other
  }

  /// The kind of the error.
  package let code: Code
  /// libcurl's own number (libcurl-errors(3)); 0 where it has no part in it.
  package let curlCode: Int
  /// The kernel's reason for a connection that could not be made (errno); 0 where there is none.
  package let systemError: Int32
  /// A sentence for people, with what curl said.
  package let description: String

  /// An error with its words.
  package init(_ code: Code, curlCode: Int = 0, systemError: Int32 = 0, _ description: String) {
    self.code = code
    self.curlCode = curlCode
    self.systemError = systemError
    self.description = description
  }

  /// Whether the network itself says that nobody listens: the port is closed, the host is gone, or its name is. A
  /// connection that merely takes too long, or for which this process lacks something, does not show that.
  package var isNobodyThere: Bool {
    guard code == .cannotConnect else { return false }
    return curlCode == Int(CURLE_COULDNT_RESOLVE_HOST.rawValue) || systemError == ECONNREFUSED
      || systemError == EHOSTUNREACH
  }
}
