/// The actions on the tasks of one round and their times: a pure function of a seed.
package struct Schedule: Codable, Sendable, Equatable {
  /// The kind of volume that the tasks share.
  package enum Volume: String, Codable, Sendable, CaseIterable {
    /// A plain directory.
    case directory
    /// A small file system in memory, which can be filled.
    case small
    /// One mount of a file system process, which can hang.
    case sharedMount
    /// A mount for each task over one directory. Each mount can hang alone, and they don't share locks.
    case mountEach
  }

  /// The task that an action concerns, chosen when the action is done.
  package enum Target: Codable, Sendable, Equatable {
    case task(Int)
    /// The task with the highest epoch.
    case holder
    /// A task without the highest epoch.
    case other
    case all
  }

  /// The progress of a dump.
  package enum DumpStage: String, Codable, Sendable, CaseIterable {
    /// The dump's temporary file was created.
    case writing
    /// The dump is complete, and its writer checks the lease before renaming the file.
    case looking
    /// A moment later, the writer checks the claim.
    case lookingAtClaim
  }

  /// One action on the tasks.
  package enum Step: Codable, Sendable, Equatable {
    /// Stops a task with signals that are this many milliseconds apart. A new process starts after the pause in
    /// seconds.
    case stop(Target, signals: [Int32], apart: Int, pause: Double)
    case kill(Target, pause: Double)
    case freeze(Target, seconds: Double)
    case hang(Target, seconds: Double)
    /// Requests a dump, and stops the task (or else its volume) some microseconds after a stage of the dump.
    case stopAmidDump(Target, DumpStage, delay: Int, isHang: Bool, seconds: Double)
    case fill(seconds: Double)
    case signal(Target, Int32)
    /// Lets a sidecar drain the task, which is then told to stop.
    case drain(Target, pause: Double)
    case removeLease(claims: Bool)
    case dump(Target)
    case restore(Target)
    /// Sends creations whose body is sent in two halves.
    case slowCreate(Target, count: Int, pause: Double)
  }

  /// A step and its time.
  package struct Action: Codable, Sendable, Equatable {
    /// The time, in seconds since all tasks were first ready.
    package var time: Double
    /// The step.
    package var step: Step

    /// Makes an action.
    package init(_ time: Double, _ step: Step) {
      self.time = time
      self.step = step
    }
  }

  /// One task of the round.
  package struct Task: Codable, Sendable, Equatable {
    /// The time at which it starts, in seconds since the start of the round.
    package var begins: Double
    /// The seconds by which the wall clocks of its successive processes are ahead.
    package var skews: [Int]
    /// Whether the task sees another kernel than the other tasks do.
    package var isOnOtherKernel: Bool
    /// The maximum delay in milliseconds before and after each rename and each sync.
    package var slowness: Int
    /// The number of clients that write to it.
    package var writers: Int
    /// The seconds between two dumps that a client requests, or 0 for none.
    package var dumpsEvery: Double
  }

  /// The seed.
  package var seed: UInt64
  /// The theme.
  package var theme: Theme
  /// The kind of volume.
  package var volume: Volume
  /// The tasks.
  package var tasks: [Task]
  /// The actions, in the order of their times.
  package var actions: [Action]
  /// The time at which the disturbances end, in seconds since all tasks were first ready.
  package var length: Double

  /// The number of SIGKILLs among the actions. One that comes while its task does not run kills nobody.
  package var scheduledKills: Int { actions.count { if case .kill = $0.step { true } else { false } } }
}
