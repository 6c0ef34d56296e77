package import NIOCore

/// The body of a request, in the pieces in which it comes. It can be read once.
///
/// When pieces wait for the reader, nothing more is read from the socket.
package struct RequestBodyStream: AsyncSequence, Sendable {
  /// A piece of the body.
  package typealias Element = ByteBuffer
  fileprivate typealias Strategy = NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark
  fileprivate typealias Producer = NIOThrowingAsyncSequenceProducer<ByteBuffer, any Error, Strategy, Demand>

  private let pieces: Producer
  private let begin: (@Sendable () -> Void)?

  /// A stream and the end into which the connection writes.
  ///
  /// - Parameters:
  ///   - resume: called on the event loop when the reader has caught up.
  ///   - begin: called by the reader, on any thread, before it waits for the first piece.
  static func make(
    on eventLoop: any EventLoop, resume: @escaping @Sendable () -> Void, begin: (@Sendable () -> Void)? = nil
  ) -> (stream: RequestBodyStream, writer: Writer) {
    let producer = Producer.makeSequence(
      elementType: ByteBuffer.self, failureType: (any Error).self,
      backPressureStrategy: Strategy(lowWatermark: 2, highWatermark: 10), finishOnDeinit: true,
      delegate: Demand(eventLoop: eventLoop, resume: resume))
    return (RequestBodyStream(pieces: producer.sequence, begin: begin), Writer(source: producer.source))
  }

  /// Reads the pieces.
  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(base: pieces.makeAsyncIterator(), begin: begin)
  }

  /// Reads the pieces of one body.
  package struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let base: Producer.AsyncIterator
    fileprivate var begin: (@Sendable () -> Void)?

    /// The next piece, or `nil` at the end of the body.
    ///
    /// - Throws: what the decoder found wrong, or that the connection ended in the body.
    package mutating func next() async throws -> ByteBuffer? {
      begin?()
      begin = nil
      return try await base.next()
    }
  }

  /// The end into which the connection writes.
  struct Writer {
    fileprivate let source: Producer.Source

    /// - Returns: whether enough waits for the reader.
    func write(_ bytes: ByteBuffer) -> Bool { source.yield(bytes) == .stopProducing }

    func finish() { source.finish() }

    func fail(_ error: any Error) { source.finish(error) }
  }

  fileprivate struct Demand: NIOAsyncSequenceProducerDelegate {
    let eventLoop: any EventLoop
    let resume: @Sendable () -> Void

    func produceMore() { eventLoop.execute(resume) }
    func didTerminate() { eventLoop.execute(resume) }
  }
}
