/// What is done to the tasks of one round, and when: a pure function of a seed.
package struct Schedule: Codable, Sendable, Equatable {
  /// What the tasks share.
  package enum Volume: String, Codable, Sendable, CaseIterable {
    /// A directory.
    case directory
    /// A small file system in memory, which can be filled.
    case small
    /// One mount of a file system process, which can hang.
    case sharedMount
    /// A mount for each task over one directory: each can hang alone, and they don't share locks.
    case mountEach
  }

  /// Who is meant, when it is done.
  package enum Target: Codable, Sendable, Equatable {
    case task(Int)
    /// Whoever has the highest epoch.
    case holder
    /// One who has not.
    case other
    case all
  }

  /// How far a dump has come.
  package enum DumpStage: String, Codable, Sendable, CaseIterable {
    /// Its temporary file was made.
    case writing
    /// It is complete, and the lease is looked at before it gets its name.
    case looking
    /// The same, a little later: the claim is looked at.
    case lookingAtClaim
  }

  package enum Step: Codable, Sendable, Equatable {
    /// The signals come this many milliseconds apart; a new process starts after the pause (seconds) in which it is gone.
    case stop(Target, signals: [Int32], apart: Int, pause: Double)
    case kill(Target, pause: Double)
    case freeze(Target, seconds: Double)
    case hang(Target, seconds: Double)
    /// A dump is asked for, and the task (or else its volume) stops some microseconds after a step of it.
    case stopAmidDump(Target, DumpStage, delay: Int, isHang: Bool, seconds: Double)
    case fill(seconds: Double)
    case signal(Target, Int32)
    /// A sidecar drains the task before it is told to stop.
    case drain(Target, pause: Double)
    case removeLease(claims: Bool)
    case dump(Target)
    case restore(Target)
    /// Creations whose body comes in two halves.
    case slowCreate(Target, count: Int, pause: Double)
  }

  package struct Action: Codable, Sendable, Equatable {
    /// Seconds since all tasks were ready first.
    package var time: Double
    package var step: Step

    package init(_ time: Double, _ step: Step) {
      self.time = time
      self.step = step
    }
  }

  package struct Task: Codable, Sendable, Equatable {
    /// Seconds since the beginning of the round.
    package var begins: Double
    /// Seconds by which the wall clocks of its processes, one after the other, are ahead.
    package var skews: [Int]
    package var isOnOtherKernel: Bool
    /// Each change of a name and each sync takes up to this many milliseconds longer, before and after it.
    package var slowness: Int
    package var writers: Int
    /// Seconds between two dumps that a client asks for; 0 for none.
    package var dumpsEvery: Double
  }

  package var seed: UInt64
  package var theme: Theme
  package var volume: Volume
  package var tasks: [Task]
  package var actions: [Action]
  /// When the disturbances end, in seconds since all tasks were ready first.
  package var length: Double
}
