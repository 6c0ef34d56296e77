import Synchronization
import TestSupport

/// The object by which a volume claims its place, for stand-ins of S3 that keep nothing else.
final class ClaimObject: Sendable {
  private let volume = Mutex<String?>(nil)

  /// - Returns: `nil` for a request that is about something else.
  func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer? {
    guard request.path.hasSuffix(".claim") else { return nil }
    let field = "x-amz-meta-gatehouse-volume"
    if request.method == "PUT" { volume.withLock { $0 = request.headers[field] } }
    guard let name = volume.withLock({ $0 }) else { return .status(404) }
    guard request.method == "HEAD" else { return .status(200) }
    return .raw("HTTP/1.1 200 X\r\ncontent-length: 32\r\n\(field): \(name)\r\nconnection: close\r\n\r\n")
  }
}
