import Hummingbird
import Logging
import NIOCore

/// The yardstick of `scripts/bench platform`: Hummingbird with one route, a short JSON answer and no log lines.
///
/// usage: gatehouse-bare-server PORT
@main
struct BareServer {
  static func main() async throws {
    let router = Router()
    router.get("/") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"alive"}"#)))
    }
    var logger = Logger(label: "bare")
    logger.logLevel = .error
    let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
    let application = Application(
      router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      logger: logger)
    try await application.runService()
  }
}
